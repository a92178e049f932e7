using System.Globalization;
using LlmCourse.Runtime;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Patterns;

/// <summary>
/// Runs a compiled pattern on a text: backtracking with a stack of its own, so that no text can exhaust the thread's,
/// and with a limit on the work for one match, so that no pattern runs for ever.
/// </summary>
internal ref struct Matcher
{
    /// <summary>Steps back and characters looked at in runs that one search may take, whatever the text...</summary>
    private const long LeastWork = 10_000_000;

    /// <summary>...and for each character of it.</summary>
    private const long WorkPerCharacter = 256;

    [ThreadStatic]
    private static Frame[]? _spare;

    private readonly Instruction[] _code;
    private readonly string _pattern;
    private readonly ReadOnlySpan<char> _text;
    private readonly int[] _slots;
    private Frame[] _stack;
    private int _depth;
    private long _work;
    private int _searchStart;
    private int _target;

    /// <summary>A way not taken yet (Low below 0: at Position; else: anywhere from Low to Position), or, with ~slot, an old value.</summary>
    private record struct Frame(int Next, int Position, int Low);

    public Matcher(string pattern, Instruction[] code, int slots, ReadOnlySpan<char> text)
    {
        _pattern = pattern;
        _code = code;
        _text = text;
        _slots = slots > 2 ? new int[slots] : [];
        _stack = _spare ?? new Frame[64];
        _spare = null;
    }

    /// <summary>Gives the stack back for the next matcher.</summary>
    public readonly void Dispose() => _spare = _stack.Length <= 1 << 16 ? _stack : null;

    /// <summary>Begins the search for the next match.</summary>
    public void Begin(int searchStart)
    {
        _searchStart = searchStart;
        _work = LeastWork + WorkPerCharacter * _text.Length;
    }

    /// <summary>Where a match that begins at a position ends, or -1.</summary>
    public int MatchAt(int position)
    {
        _depth = 0;
        _slots.AsSpan().Fill(-1);
        return Run(0, position);
    }

    private int Run(int next, int position)
    {
        int floor = _depth;
        while (true)
        {
            ref readonly Instruction step = ref _code[next];
            bool goesOn = true;
            switch (step.Op)
            {
                case Op.Char:
                    goesOn = position < _text.Length && CodePoints.At(_text, position) == step.A;
                    position += goesOn ? CodePoints.Width(step.A) : 0;
                    next++;
                    break;
                case Op.Set:
                    int codePoint = position < _text.Length ? CodePoints.At(_text, position) : -1;
                    goesOn = codePoint >= 0 && step.Set!.Contains(codePoint);
                    position += CodePoints.Width(codePoint);
                    next++;
                    break;
                case Op.SetRun:
                    goesOn = RunOf(step, next + 1, ref position);
                    next++;
                    break;
                case Op.Split:
                    Push(new(step.B, position, -1));
                    next = step.A;
                    break;
                case Op.Jump:
                    next = step.A;
                    break;
                case Op.Save or Op.Mark:
                    Set(step.A, position);
                    next++;
                    break;
                case Op.Progress:
                    next = _slots[step.A] == position ? step.B : next + 1;
                    break;
                case Op.At:
                    goesOn = IsAt((Place)step.A, position);
                    next++;
                    break;
                case Op.Reference:
                    goesOn = Repeats(step, ref position);
                    next++;
                    break;
                case Op.Look:
                    goesOn = Look(step, next + 1, position) != (step.B == 1);
                    next = step.A;
                    break;
                case Op.Atomic:
                    position = RunAlone(next + 1, position);
                    goesOn = position >= 0;
                    next = step.A;
                    break;
                case Op.Grapheme:
                    goesOn = position < _text.Length;
                    position += goesOn ? StringInfo.GetNextTextElementLength(_text[position..]) : 0;
                    next++;
                    break;
                case Op.EndsAtTarget:
                    goesOn = position == _target;
                    next++;
                    break;
                case Op.Done:
                    return position;
            }

            if (!goesOn && !Back(floor, out next, out position))
                return -1;
        }
    }

    /// <summary>Matches by itself: ways not taken inside are forgotten, but what its groups captured before can be restored.</summary>
    private int RunAlone(int next, int position)
    {
        int floor = _depth;
        int end = Run(next, position);
        int kept = floor;
        for (int i = floor; i < _depth; i++)
        {
            if (_stack[i].Next < 0)
                _stack[kept++] = _stack[i];
        }

        _depth = kept;
        return end;
    }

    private bool Look(in Instruction step, int body, int position)
    {
        if (step.Body is not [int min, int max])
            return RunAlone(body, position) >= 0;
        int outer = _target;
        _target = position;
        int start = position;
        bool found = false;
        for (int length = 0; length <= max && !found; length++)
        {
            found = length >= min && RunAlone(body, start) >= 0;
            if (start == 0)
                break;
            start -= CodePoints.Width(CodePoints.Before(_text, start));
        }

        _target = outer;
        return found;
    }

    private bool RunOf(in Instruction step, int next, ref int position)
    {
        int count = 0, low = position;
        while (count < step.B && position < _text.Length)
        {
            int codePoint = CodePoints.At(_text, position);
            if (!step.Set!.Contains(codePoint))
                break;
            position += CodePoints.Width(codePoint);
            if (++count == step.A)
                low = position;
        }

        Spend(count);
        if (count < step.A)
            return false;
        if (low < position)
            Push(new(next, position, low));
        return true;
    }

    private readonly bool Repeats(in Instruction step, ref int position)
    {
        (int start, int end) = (_slots[2 * step.A], _slots[2 * step.A + 1]);
        if (start < 0 || end < start)
            return false;
        while (start < end)
        {
            if (position >= _text.Length)
                return false;
            int expected = CodePoints.At(_text, start), found = CodePoints.At(_text, position);
            if (expected != found && !(step.B == 1 && CaseFolding.AreSame(expected, found)))
                return false;
            start += CodePoints.Width(expected);
            position += CodePoints.Width(found);
        }

        return true;
    }

    private readonly bool IsAt(Place place, int position) => place switch
    {
        Place.LineStart => position == 0 || (_text[position - 1] == '\n' && position < _text.Length),
        Place.LineEnd => position == _text.Length || _text[position] == '\n',
        Place.TextStart => position == 0,
        Place.TextEnd => position == _text.Length,
        Place.TextEndOrLastNewline => position == _text.Length || (position == _text.Length - 1 && _text[position] == '\n'),
        Place.SearchStart => position == _searchStart,
        Place.WordBoundary => IsWordBoundary(position),
        _ => !IsWordBoundary(position),
    };

    private readonly bool IsWordBoundary(int position)
    {
        bool before = position > 0 && PropertySets.Word.Contains(CodePoints.Before(_text, position));
        bool after = position < _text.Length && PropertySets.Word.Contains(CodePoints.At(_text, position));
        return before != after;
    }

    private void Set(int slot, int value)
    {
        Push(new(~slot, _slots[slot], 0));
        _slots[slot] = value;
    }

    private void Push(Frame frame)
    {
        if (_depth == _stack.Length)
            Array.Resize(ref _stack, _depth * 2);
        _stack[_depth++] = frame;
    }

    private void Spend(int work)
    {
        _work -= work;
        if (_work < 0)
            throw new TokenizerException($"Regex pattern '{_pattern}' was given up: it needs too much work on a text of {_text.Length} characters (backtracking limit).");
    }

    private bool Back(int floor, out int next, out int position)
    {
        while (_depth > floor)
        {
            Frame frame = _stack[--_depth];
            if (frame.Next < 0)
            {
                _slots[~frame.Next] = frame.Position;
                continue;
            }

            Spend(1);
            (next, position) = (frame.Next, frame.Position);
            if (frame.Low >= 0)
            {
                position -= CodePoints.Width(CodePoints.Before(_text, position));
                if (position > frame.Low)
                    Push(frame with { Position = position });
            }

            return true;
        }

        (next, position) = (0, 0);
        return false;
    }
}
