using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Patterns;

internal enum RepeatKind { Greedy, Lazy, Possessive }

internal enum Place { LineStart, LineEnd, TextStart, TextEnd, TextEndOrLastNewline, SearchStart, WordBoundary, NoWordBoundary }

/// <summary>The tree of a regular expression.</summary>
internal abstract record PatternNode
{
    public sealed record Set(CodePointSet Members) : PatternNode;

    public sealed record Sequence(IReadOnlyList<PatternNode> Items) : PatternNode;

    public sealed record Choice(IReadOnlyList<PatternNode> Items) : PatternNode;

    public sealed record Repeat(PatternNode Item, int Min, int Max, RepeatKind Kind) : PatternNode;

    public sealed record Capture(PatternNode Item, int Number) : PatternNode;

    public sealed record Look(PatternNode Item, bool IsBehind, bool IsNegative) : PatternNode;

    public sealed record Atomic(PatternNode Item) : PatternNode;

    public sealed record Reference(int Number, bool IgnoresCase) : PatternNode;

    public sealed record At(Place Place) : PatternNode;

    public sealed record Grapheme : PatternNode;

    public static PatternNode Empty { get; } = new Sequence([]);

    /// <summary>The fewest and the most code points it can match; int.MaxValue where there is no limit.</summary>
    public (int Min, int Max) Length() => this switch
    {
        Set => (1, 1),
        Grapheme => (1, int.MaxValue),
        Sequence node => node.Items.Aggregate((0, 0), (sum, item) => Add(sum, item.Length())),
        Choice node => (node.Items.Min(item => item.Length().Min), node.Items.Max(item => item.Length().Max)),
        Repeat node => (Times(node.Item.Length().Min, node.Min), Times(node.Item.Length().Max, node.Max)),
        Capture node => node.Item.Length(),
        Atomic node => node.Item.Length(),
        Reference => (0, int.MaxValue),
        _ => (0, 0),
    };

    /// <summary>The code points a match can begin with, or null where it can be empty or that is not known.</summary>
    public CodePointSet? First() => this switch
    {
        Set node => node.Members,
        Grapheme => CodePointSet.All,
        Sequence node => FirstOf(node.Items),
        Choice node => node.Items.Select(item => item.First())
            .Aggregate<CodePointSet?, CodePointSet?>(CodePointSet.Empty, (all, one) => all is null || one is null ? null : all.Union(one)),
        Repeat { Min: > 0 } node => node.Item.First(),
        Capture node => node.Item.First(),
        Atomic node => node.Item.First(),
        _ => null,
    };

    private static CodePointSet? FirstOf(IReadOnlyList<PatternNode> items)
    {
        CodePointSet optional = CodePointSet.Empty;
        foreach (PatternNode item in items)
        {
            if (item is At or Look)
                continue;
            if (item.First() is CodePointSet first)
                return optional.Union(first);
            if (item is not Repeat { Item: Set skipped })
                return null;
            optional = optional.Union(skipped.Members);
        }

        return null;
    }

    private static (int, int) Add((int Min, int Max) a, (int Min, int Max) b) =>
        ((int)Math.Min(int.MaxValue, (long)a.Min + b.Min), (int)Math.Min(int.MaxValue, (long)a.Max + b.Max));

    private static int Times(int length, int count) => (int)Math.Min(int.MaxValue, (long)length * count);
}
