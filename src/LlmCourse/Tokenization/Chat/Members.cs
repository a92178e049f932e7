using System.Numerics;

namespace LlmCourse.Tokenization.Chat;

/// <summary>Attributes and elements of values: <c>a.b</c> looks for the attribute first, <c>a['b']</c> for the element.</summary>
internal static class Members
{
    public static object? Attribute(object? owner, string name) =>
        TryGetAttribute(owner, name, out object? attribute) ? attribute
        : owner is PyDict dict && dict.TryGet(name, out object? value) ? value
        : Undefined.Member(owner, name);

    public static object? Item(object? owner, object? key)
    {
        if (owner is Undefined undefined)
            throw undefined.Failure();
        if (key is PySlice slice)
            return Slice(owner, slice);
        if (TryGetItem(owner, key, out object? item))
            return item;
        return key is string name && TryGetAttribute(owner, name, out object? attribute) ? attribute : Undefined.Member(owner, key);
    }

    private static bool TryGetItem(object? owner, object? key, out object? item)
    {
        item = null;
        if (owner is PyDict dict)
            return PyDict.IsHashable(key) && dict.TryGet(key, out item);
        if (owner is not (string or PyList or PyTuple or PyRange))
            return false;
        int length = PythonOperators.Length(owner);
        if (PythonOperators.AsInteger(key) is not { } index || index < -length || index >= length)
            return false;
        int at = (int)(index.Sign < 0 ? index + length : index);
        item = owner switch
        {
            string text when CodePointText.AreChars(text) => text[at].ToString(),
            string text => CodePointText.Slice(text, new PySlice(new BigInteger(at), new BigInteger(at + 1), null)),
            PyList list => list.Items[at],
            PyTuple tuple => tuple.Items[at],
            _ => ((PyRange)owner)[at],
        };
        return true;
    }

    // Unlike a missing element, a slice of something else is an error.
    private static object? Slice(object? owner, PySlice slice) => owner switch
    {
        string text => CodePointText.Slice(text, slice),
        PyList list => new PyList([.. slice.Indices(list.Items.Count).Select(i => list.Items[i])]),
        PyTuple tuple => new PyTuple([.. slice.Indices(tuple.Items.Count).Select(i => tuple.Items[i])]),
        PyRange => throw new ChatTemplateException(ChatTemplateError.Unsupported, "slicing a range is not supported; make it a list first"),
        _ => throw ChatTemplateException.Evaluation($"'{PythonText.TypeName(owner)}' object cannot be sliced"),
    };

    private static bool TryGetAttribute(object? owner, string name, out object? value)
    {
        if (owner is Undefined undefined && name != "__class__")
            throw undefined.Failure();

        // Every Python object has such attributes; templates may not touch them.
        if (name.Length > 4 && name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal))
        {
            value = Undefined.Unsafe(owner, name);
            return owner is not PyDict dict || !dict.Contains(name);
        }

        if (owner is ITemplateObject o)
            return o.TryGet(name, out value);
        value = owner switch
        {
            string text => StringMethods.Find(text, name),
            PyDict dictionary => ContainerMethods.Find(dictionary, name),
            PyList list => ContainerMethods.Find(list, name),
            PyTuple tuple => ContainerMethods.Find(tuple, name),
            PyRange range => ContainerMethods.Find(range, name),
            BigInteger or bool or double => NumberAttribute(owner, name),
            _ => null,
        };
        return value is not null;
    }

    private static object? NumberAttribute(object owner, string name) => (owner, name) switch
    {
        (_, "real") => owner is bool b ? PythonOperators.AsInteger(b) : owner,
        (double, "imag") => 0.0,
        (_, "imag") => BigInteger.Zero,
        (double d, "is_integer") => new Callable(name, (_, a) => { a.Bind(name, 0); return double.IsInteger(d); }),
        (BigInteger i, "bit_length") => new Callable(name, (_, a) => { a.Bind(name, 0); return (BigInteger)BigInteger.Abs(i).GetBitLength(); }),
        _ => null,
    };
}
