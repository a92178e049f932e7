using System.Runtime.CompilerServices;
using System.Text;

namespace LlmCourse.Tokenization.Chat;

/// <summary>
/// One rendering: the clock, the output, and what may still be spent. Templates come from strangers, so every evaluated
/// node, character and element counts against one budget, no single value may outgrow <see cref="MaxLength"/>,
/// and no recursion goes on without stack to spare.
/// </summary>
internal sealed class Run(TimeProvider clock)
{
    public const int MaxLength = 1 << 24;
    private const long MaxWork = 1L << 26;

    // A node takes about as long as so many characters.
    private const int StepCost = 8;
    private long _work;

    public TimeProvider Clock { get; } = clock;

    public StringBuilder Output { get; } = new();

    /// <summary>Where generation blocks begin and end in <see cref="Output"/>.</summary>
    public List<(int Start, int End)> Spans { get; } = [];

    /// <summary>The line of the node evaluated last.</summary>
    public int Line { get; private set; }

    public void Step(int line)
    {
        Line = line;
        Charge(StepCost);
        CheckStack();
    }

    public void Charge(long work)
    {
        _work += work;
        if (_work > MaxWork)
            throw ChatTemplateException.Limit("rendering was stopped: the template does too much work (an endless or explosive loop?)");
    }

    /// <summary>Charges for reading or having made a value.</summary>
    public void ChargeFor(object? value) => Charge(value switch
    {
        string text => text.Length,
        PyList list => list.Items.Count,
        PyTuple tuple => tuple.Items.Count,
        PyDict dict => dict.Entries.Count,
        PyRange range => range.Count,
        _ => 1,
    });

    /// <summary>Refuses a value that would be too large, before it is made.</summary>
    public static void CheckLength(long length)
    {
        if (length > MaxLength)
            throw ChatTemplateException.Limit($"a value of {length} characters or elements is longer than the {MaxLength} allowed");
    }

    public static void CheckStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw ChatTemplateException.Limit("nested too deeply (a macro that calls itself without end?)");
    }
}
