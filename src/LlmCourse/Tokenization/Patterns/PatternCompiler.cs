using LlmCourse.Runtime;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Patterns;

internal enum Op { Char, Set, SetRun, Split, Jump, Save, At, Reference, Look, Atomic, Grapheme, Mark, Progress, EndsAtTarget, Done }

/// <summary>One instruction of a compiled pattern; what A, B and C mean depends on the operation.</summary>
internal readonly record struct Instruction(Op Op, int A = 0, int B = 0, int C = 0, CodePointSet? Set = null, int[]? Body = null);

/// <summary>Turns the tree of a pattern into instructions for <see cref="Matcher"/>.</summary>
internal sealed class PatternCompiler
{
    private const int MaxInstructions = 50_000;

    private readonly List<Instruction> _code = [];
    private readonly string _pattern;
    private int _slots;

    private PatternCompiler(string pattern, int captures)
    {
        _pattern = pattern;
        _slots = 2 * (captures + 1);
    }

    public static (Instruction[] Code, int Slots) Compile(string pattern, PatternNode root, int captures)
    {
        PatternCompiler compiler = new(pattern, captures);
        compiler.Emit(root);
        compiler.Add(new(Op.Done));
        return ([.. compiler._code], compiler._slots);
    }

    private void Emit(PatternNode node)
    {
        switch (node)
        {
            case PatternNode.Set set:
                Add(set.Members.Single >= 0 ? new(Op.Char, set.Members.Single) : new(Op.Set, Set: set.Members));
                break;
            case PatternNode.Sequence sequence:
                foreach (PatternNode item in sequence.Items)
                    Emit(item);
                break;
            case PatternNode.Choice choice:
                EmitChoice(choice.Items);
                break;
            case PatternNode.Repeat repeat:
                EmitRepeat(repeat);
                break;
            case PatternNode.Capture capture:
                Add(new(Op.Save, 2 * capture.Number));
                Emit(capture.Item);
                Add(new(Op.Save, 2 * capture.Number + 1));
                break;
            case PatternNode.Look look:
                EmitLook(look);
                break;
            case PatternNode.Atomic atomic:
                int begin = Add(default);
                Emit(atomic.Item);
                Add(new(Op.Done));
                _code[begin] = new(Op.Atomic, _code.Count);
                break;
            case PatternNode.Reference reference:
                Add(new(Op.Reference, reference.Number, reference.IgnoresCase ? 1 : 0));
                break;
            case PatternNode.At at:
                Add(new(Op.At, (int)at.Place));
                break;
            case PatternNode.Grapheme:
                Add(new(Op.Grapheme));
                break;
        }
    }

    private void EmitChoice(IReadOnlyList<PatternNode> items)
    {
        List<int> jumps = [];
        for (int i = 0; i < items.Count; i++)
        {
            if (i == items.Count - 1)
            {
                Emit(items[i]);
                break;
            }

            int split = Add(default);
            Emit(items[i]);
            jumps.Add(Add(default));
            _code[split] = new(Op.Split, split + 1, _code.Count);
        }

        foreach (int jump in jumps)
            _code[jump] = new(Op.Jump, _code.Count);
    }

    private void EmitRepeat(PatternNode.Repeat repeat)
    {
        if (repeat is { Item: PatternNode.Set set, Kind: RepeatKind.Greedy })
        {
            Add(new(Op.SetRun, repeat.Min, repeat.Max, Set: set.Members));
            return;
        }

        // What cannot match a character matches once as well as many times.
        if (repeat.Item.Length().Max == 0)
            repeat = repeat with { Min = Math.Min(1, repeat.Min), Max = Math.Min(1, repeat.Max) };
        for (int i = 0; i < repeat.Min; i++)
            Emit(repeat.Item);
        if (repeat.Max == int.MaxValue)
        {
            EmitLoop(repeat);
            return;
        }

        List<int> splits = [];
        for (int i = repeat.Min; i < repeat.Max; i++)
        {
            splits.Add(Add(default));
            Emit(repeat.Item);
        }

        foreach (int split in splits)
            _code[split] = Fork(repeat.Kind, split + 1, _code.Count);
    }

    /// <summary>Item*: a turn that matches nothing ends the loop.</summary>
    private void EmitLoop(PatternNode.Repeat repeat)
    {
        int split = Add(default);
        bool canBeEmpty = repeat.Item.Length().Min == 0;
        int slot = canBeEmpty ? _slots++ : 0;
        if (canBeEmpty)
            Add(new(Op.Mark, slot));
        Emit(repeat.Item);
        if (canBeEmpty)
            Add(new(Op.Progress, slot, _code.Count + 2));
        Add(new(Op.Jump, split));
        _code[split] = Fork(repeat.Kind, split + 1, _code.Count);
    }

    private static Instruction Fork(RepeatKind kind, int inside, int outside) =>
        kind == RepeatKind.Lazy ? new(Op.Split, outside, inside) : new(Op.Split, inside, outside);

    private void EmitLook(PatternNode.Look look)
    {
        int begin = Add(default);
        Emit(look.Item);
        if (look.IsBehind)
            Add(new(Op.EndsAtTarget));
        Add(new(Op.Done));
        (int min, int max) = look.Item.Length();
        // A body of no limits stands for a look ahead.
        _code[begin] = new(Op.Look, _code.Count, look.IsNegative ? 1 : 0, Body: look.IsBehind ? [min, max] : null);
    }

    private int Add(Instruction instruction)
    {
        if (_code.Count >= MaxInstructions)
            throw new TokenizerException($"Regex pattern '{_pattern}' is too large: its repeats unfold to more than {MaxInstructions} steps.");
        _code.Add(instruction);
        return _code.Count - 1;
    }
}
