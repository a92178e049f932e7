using System.Globalization;

namespace LlmCourse.Data;

/// <summary>
/// One row of a data set: named values and the place they come from. A value is a <see cref="string"/>, <see cref="long"/>,
/// <see cref="double"/> (<see cref="decimal"/> for whole numbers beyond 64 bits and for decimal columns), <see cref="bool"/>,
/// null, a list (<c>IReadOnlyList&lt;object?&gt;</c>) or an object (<c>IReadOnlyDictionary&lt;string, object?&gt;</c>); Parquet
/// adds <see cref="DateTime"/> and <c>byte[]</c>. Immutable as long as its values are.
/// </summary>
public sealed class DataRecord
{
    /// <summary>Makes a row.</summary>
    /// <param name="fields">The values by name.</param>
    /// <param name="file">Where it comes from.</param>
    /// <param name="line">The line or row number there, from 1.</param>
    public DataRecord(IReadOnlyDictionary<string, object?> fields, string file, long line)
    {
        ArgumentNullException.ThrowIfNull(fields);
        ArgumentNullException.ThrowIfNull(file);
        (Fields, File, Line) = (fields, file, line);
    }

    /// <summary>The values by name.</summary>
    public IReadOnlyDictionary<string, object?> Fields { get; }

    /// <summary>The file as it was named when it was opened.</summary>
    public string File { get; }

    /// <summary>The physical line on which the row begins; in Parquet the number of the row. From 1.</summary>
    public long Line { get; }

    /// <summary><see cref="File"/> and <see cref="Line"/>: <c>dialogues.jsonl:17</c>.</summary>
    public string Source => string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}");

    /// <summary>A value of a certain type. A whole number may be asked for as a <see cref="double"/> too.</summary>
    /// <typeparam name="T">The type: see the class for those there are. Ask for <c>string?</c> or <c>long?</c> where null is fine.</typeparam>
    /// <param name="field">
    /// The name of the field. A dot leads into objects and lists, which count from 0: <c>answers.text.0</c>. A field whose own
    /// name has the dot comes first.
    /// </param>
    /// <returns>The value.</returns>
    /// <exception cref="DataException">There is no such field, or it has another type; the message names both.</exception>
    public T Get<T>(string field)
    {
        ArgumentNullException.ThrowIfNull(field);
        if (!TryFind(field, out object? value))
            throw Missing(field);
        return value switch
        {
            T fitting => fitting,
            null when default(T) is null => default!,
            long number when typeof(T) == typeof(double) || typeof(T) == typeof(double?) => (T)(object)(double)number,
            _ => throw new DataException(File, Line, $"the field \"{field}\" is {Described(value)}, not {typeof(T).Name}."),
        };
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Source} ({string.Join(", ", Fields.Keys)})";

    /// <summary>The value under a name or a path into objects and lists.</summary>
    internal bool TryFind(string path, out object? value)
    {
        if (Fields.TryGetValue(path, out value))
            return true;
        value = Fields;
        foreach (string step in path.Split('.'))
        {
            if (value is IReadOnlyDictionary<string, object?> named && named.TryGetValue(step, out object? inner))
                value = inner;
            else if (value is IReadOnlyList<object?> list && int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index < list.Count)
                value = list[index];
            else
                return false;
        }

        return true;
    }

    internal DataException Missing(string field, string whoNeedsIt = "") => new(File, Line,
        $"there is no field \"{field}\"{whoNeedsIt}; the row has {(Fields.Count == 0 ? "none" : string.Join(", ", Fields.Keys.Select(key => $"\"{key}\"")))}.");

    /// <summary>A value in words, for errors.</summary>
    internal static string Described(object? value) => value switch
    {
        null => "null",
        string => "text",
        bool => "true or false",
        long or double or decimal => "a number",
        IReadOnlyList<object?> => "a list",
        IReadOnlyDictionary<string, object?> => "an object",
        _ => value.GetType().Name,
    };
}
