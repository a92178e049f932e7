namespace LlmCourse.Tokenization.Chat;

/// <summary>
/// The names that one frame of a template (a loop's body, a macro, a block, the whole) mentions itself, outside of the frames
/// inside of it. As in Jinja, a name which a frame sets before it reads it, and which no frame around it mentions, is the frame's
/// own from its beginning: undefined until it is set, even where the caller passes a variable of that name.
/// </summary>
internal sealed class NameFrame(NameFrame? around)
{
    private readonly HashSet<string> _mentioned = new(StringComparer.Ordinal);
    private readonly List<string> _setFirst = [];

    public NameFrame? Around => around;

    /// <summary>The names that are undefined when the frame begins; known once the template has been read to its end.</summary>
    public IReadOnlyList<string> Own => [.. _setFirst.Where(name => !IsMentionedAround(name))];

    public void Read(string name) => _mentioned.Add(name);

    /// <param name="name">The name.</param>
    /// <param name="conditionally">Whether that stands in a branch: then what is around still shows where it is not taken.</param>
    public void Set(string name, bool conditionally)
    {
        if (_mentioned.Add(name) && !conditionally)
            _setFirst.Add(name);
    }

    private bool IsMentionedAround(string name)
    {
        for (NameFrame? frame = around; frame is not null; frame = frame.Around)
        {
            if (frame._mentioned.Contains(name))
                return true;
        }

        return false;
    }
}
