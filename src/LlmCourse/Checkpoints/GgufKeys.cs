using System.Collections;
using System.Globalization;

namespace LlmCourse.Checkpoints;

/// <summary>
/// The metadata of a GGUF file by the names that its architecture gives them (<c>llama.block_count</c> is "block_count" here). It
/// remembers what was asked for: what nobody knows may change results, and is refused by <see cref="RefuseOthers"/>.
/// </summary>
internal sealed class GgufKeys(IReadOnlyDictionary<string, object> metadata, string path)
{
    /// <summary>What says nothing about results: sizes that tensors have anyway, and notes about how the file was made.</summary>
    private static readonly string[] Harmless = ["vocab_size", "tensor_data_layout", "rope.scaling.finetuned", "expert_used_count", "rope.dimension_count"];

    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    public string Path => path;

    /// <summary>general.architecture.</summary>
    public string Architecture { get; } = metadata.TryGetValue("general.architecture", out object? value) && value is string text
        ? text
        : throw new CheckpointException(path, "its metadata lacks general.architecture.");

    public int Int(string key) => OptionalInt(key) ?? throw new CheckpointException(path, $"its metadata lacks {Full(key)}.");

    public int? OptionalInt(string key) => OptionalIntAt(Full(key));

    /// <summary>A number under its full name, such as those of the tokenizer.</summary>
    public int? OptionalIntAt(string key) => !metadata.TryGetValue(key, out object? value) ? null : value switch
    {
        byte small => small,
        sbyte small => small,
        ushort small => small,
        short small => small,
        int number => number,
        uint number and <= int.MaxValue => (int)number,
        long number and >= int.MinValue and <= int.MaxValue => (int)number,
        ulong number and <= int.MaxValue => (int)number,
        // Some files have a list with one number a layer. Where all are the same it is that number.
        Array { Length: > 0 } list when Same(list) is int number => number,
        _ => throw Wrong(key, value),
    };

    public double? OptionalReal(string key) => !metadata.TryGetValue(Full(key), out object? value) ? null : value switch
    {
        float number when float.IsFinite(number) => Shortest(number),
        double number when double.IsFinite(number) => number,
        _ => throw Wrong(Full(key), value),
    };

    public string? OptionalText(string key) => !metadata.TryGetValue(Full(key), out object? value) ? null
        : value as string ?? throw Wrong(Full(key), value);

    /// <summary>Throws where there is a setting that nobody has asked for.</summary>
    public void RefuseOthers()
    {
        string? unknown = metadata.Keys.Where(key => key.StartsWith(Architecture + ".", StringComparison.Ordinal) && !_asked.Contains(key))
            .Order(StringComparer.Ordinal).FirstOrDefault(key => !Harmless.Contains(key[(Architecture.Length + 1)..]));
        if (unknown is not null)
            throw new CheckpointException(path, $"its metadata has {unknown} = {Shown(metadata[unknown])}, which is not supported and may change results: use the Hugging Face folder.");
    }

    /// <summary>The file was made from this number as Python writes it: 1e-05 became the fp32 next to it, and is meant.</summary>
    private static double Shortest(float number) => double.Parse(number.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static int? Same(Array list)
    {
        object first = list.GetValue(0)!;
        return first is int or uint && ((IEnumerable)list).Cast<object>().All(first.Equals) && Convert.ToInt64(first, CultureInfo.InvariantCulture) is <= int.MaxValue and var number
            ? (int)number : null;
    }

    private string Full(string key)
    {
        string full = $"{Architecture}.{key}";
        _asked.Add(full);
        return full;
    }

    private static string Shown(object value) => value is Array list ? $"a list of {list.Length}" : Convert.ToString(value, CultureInfo.InvariantCulture)!;

    private CheckpointException Wrong(string key, object value) =>
        new(path, $"its metadata {key} is {Shown(value)} ({value.GetType().Name}), which it cannot be.");
}
