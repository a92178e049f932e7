using System.Text;

namespace LlmCourse.Tokenization.Decoders;

/// <summary>One stage of decoding. A token may come in several writes; the last of them ends it.</summary>
internal abstract class DecoderStream
{
    public abstract void Write(string text, bool endsToken);

    /// <summary>Says that no more tokens come: what was held back goes on.</summary>
    public abstract void Flush();
}

/// <summary>The end of the pipeline: the text so far.</summary>
internal sealed class TextStream : DecoderStream
{
    private readonly StringBuilder _text = new();

    public override void Write(string text, bool endsToken) => _text.Append(text);

    public override void Flush()
    {
    }

    /// <summary>The text since the last call.</summary>
    public string Take()
    {
        string text = _text.ToString();
        _text.Clear();
        return text;
    }
}

/// <summary>A stage that sees whole tokens.</summary>
internal abstract class TokenStage(DecoderStream next) : DecoderStream
{
    private readonly StringBuilder _begun = new();
    private bool _isOpen;

    protected DecoderStream Next => next;

    public sealed override void Write(string text, bool endsToken)
    {
        if (!endsToken)
        {
            _begun.Append(text);
            _isOpen = true;
            return;
        }

        if (!_isOpen)
        {
            Token(text);
            return;
        }

        string token = _begun.Append(text).ToString();
        _begun.Clear();
        _isOpen = false;
        Token(token);
    }

    public sealed override void Flush()
    {
        if (_isOpen)
            Write("", true);
        End();
        next.Flush();
    }

    protected abstract void Token(string token);

    /// <summary>Replaces every occurrence; an empty text stands before, between and behind all characters.</summary>
    protected static string Replaced(string token, string old, string replacement) => old.Length > 0
        ? token.Replace(old, replacement, StringComparison.Ordinal)
        : replacement + string.Concat(token.EnumerateRunes().Select(rune => rune + replacement));

    /// <summary>Writes what is held back.</summary>
    protected virtual void End()
    {
    }
}
