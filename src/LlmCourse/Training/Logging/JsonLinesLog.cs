using System.Globalization;
using System.Text.Json;

namespace LlmCourse.Training.Logging;

/// <summary>
/// A file with one JSON object for each event: <c>{"step":12,"loss":2.25,"lr":0.0001}</c>. NaN and infinities, which JSON does not
/// have, are the texts "NaN", "Infinity" and "-Infinity". Each event is written in one piece, so a killed process leaves whole
/// lines. A run that goes on from a checkpoint adds to the file: the later of two lines with one step counts.
/// </summary>
public sealed class JsonLinesLog : ITrainingLog, IDisposable
{
    private const string Step = "step";

    private readonly FileStream _file;

    /// <summary>Opens a log, adding to what is there; missing folders are made.</summary>
    /// <param name="path">The file, by custom with the ending .jsonl.</param>
    public JsonLinesLog(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        if (_file.Length == 0)
            return;
        _file.Seek(-1, SeekOrigin.End);
        if (_file.ReadByte() != '\n')
            _file.WriteByte((byte)'\n'); // a full disk or a dead machine cut the last line
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A number is named "step".</exception>
    public void Write(long step, IReadOnlyDictionary<string, double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.ContainsKey(Step))
            throw new ArgumentException($"A number cannot be named '{Step}': the step itself is written under that name.", nameof(values));
        using MemoryStream line = new();
        using (Utf8JsonWriter json = new(line))
        {
            json.WriteStartObject();
            json.WriteNumber(Step, step);
            foreach ((string name, double value) in values)
            {
                if (double.IsFinite(value))
                    json.WriteNumber(name, value);
                else
                    json.WriteString(name, value.ToString(CultureInfo.InvariantCulture));
            }

            json.WriteEndObject();
        }

        line.WriteByte((byte)'\n');
        _file.Write(line.GetBuffer(), 0, (int)line.Length);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();
}
