using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace LlmCourse.Tokenization.Chat;

/// <summary>Python's dict: keeps insertion order, and 1, 1.0 and True are one key.</summary>
internal sealed class PyDict
{
    private readonly Dictionary<Key, int> _index = [];
    private readonly List<KeyValuePair<object?, object?>> _entries = [];

    public IReadOnlyList<KeyValuePair<object?, object?>> Entries => _entries;

    public object? this[object? key]
    {
        set
        {
            var wrapped = Wrap(key);
            if (_index.TryGetValue(wrapped, out int at))
            {
                _entries[at] = new(_entries[at].Key, value);
                return;
            }

            _index.Add(wrapped, _entries.Count);
            _entries.Add(new(key, value));
        }
    }

    public bool TryGet(object? key, out object? value)
    {
        bool found = _index.TryGetValue(Wrap(key), out int at);
        value = found ? _entries[at].Value : null;
        return found;
    }

    public bool Contains(object? key) => _index.ContainsKey(Wrap(key));

    /// <summary>Whether Python could hash the value: containers that can change cannot be keys.</summary>
    public static bool IsHashable(object? key)
    {
        int left = PythonOperators.MaxComparisons;
        return IsHashable(key, ref left);
    }

    private static bool IsHashable(object? key, ref int left)
    {
        Run.CheckStack();
        if (--left < 0)
            throw ChatTemplateException.Limit("a key of a mapping is too large");
        if (key is not PyTuple tuple)
            return key is not (PyList or PyDict);
        foreach (object? item in tuple.Items)
        {
            if (!IsHashable(item, ref left))
                return false;
        }

        return true;
    }

    private static Key Wrap(object? key) => IsHashable(key)
        ? new Key(key)
        : throw ChatTemplateException.Evaluation($"unhashable type: '{PythonText.TypeName(key)}'");

    private readonly struct Key(object? value) : IEquatable<Key>
    {
        private readonly object? _value = value;

        public bool Equals(Key other) => PythonOperators.Equal(_value, other._value);

        public override bool Equals([NotNullWhen(true)] object? obj) => obj is Key other && Equals(other);

        public override int GetHashCode() => Hash(_value, 0);

        // Hashing a few levels is enough, and keeps a tower of shared tuples from being walked whole.
        private static int Hash(object? value, int depth) => value switch
        {
            null => 0,
            bool b => b ? BigInteger.One.GetHashCode() : BigInteger.Zero.GetHashCode(),
            double d when double.IsInteger(d) => new BigInteger(d).GetHashCode(),
            PyTuple t => depth > 2 ? t.Items.Count : t.Items.Take(8).Aggregate(t.Items.Count, (h, v) => h * 31 + Hash(v, depth + 1)),
            Undefined => 1,
            _ => value.GetHashCode(),
        };
    }
}
