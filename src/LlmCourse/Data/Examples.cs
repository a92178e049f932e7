namespace LlmCourse.Data;

/// <summary>
/// The way from files to examples: rows are read, and a template makes an example of each. Nothing is read before it is
/// enumerated, and nothing is kept.
/// <code>
/// var data = Examples.FromJsonLines("dialogues.jsonl").Apply(Templates.Summarise);
/// </code>
/// Files of text may be packed with gzip or Zstandard and must be UTF-8.
/// </summary>
public static class Examples
{
    /// <summary>JSON Lines: an object on each line. Blank lines do not count.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">What to do with malformed rows.</param>
    /// <returns>The rows.</returns>
    /// <exception cref="DataException">There is no such file.</exception>
    public static Records FromJsonLines(string path, ReadOptions? options = null) => new(path, options, _ => JsonLinesRows.Read(path));

    /// <summary>JSON in one piece: an array of objects, or an object whose property <c>data</c> is such an array.</summary>
    /// <inheritdoc cref="FromJsonLines"/>
    public static Records FromJson(string path, ReadOptions? options = null) => new(path, options, _ => JsonRows.Read(path));

    /// <summary>Values separated by commas or tabs, all of them texts. The first line has the names, unless <see cref="ReadOptions.Columns"/> does.</summary>
    /// <inheritdoc cref="FromJsonLines"/>
    public static Records FromCsv(string path, ReadOptions? options = null) => new(path, options, options => CsvRows.Read(path, options));

    /// <summary>Parquet, the format of dataset hubs. A row group at a time is in memory.</summary>
    /// <inheritdoc cref="FromJsonLines"/>
    public static Records FromParquet(string path, ReadOptions? options = null) => new(path, options, _ => ParquetRows.Read(path));

    /// <summary>Plain text: each line that is not blank is a row with the field <c>text</c>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="paragraphs">True: each paragraph is a row; blank lines stand between them.</param>
    /// <param name="options">What to do with malformed rows.</param>
    /// <returns>The rows.</returns>
    /// <exception cref="DataException">There is no such file.</exception>
    public static Records FromText(string path, bool paragraphs = false, ReadOptions? options = null) => new(path, options, _ => TextRows.Read(path, paragraphs));

    /// <summary>The reader that the name of a file asks for: <c>.jsonl</c>, <c>.json</c>, <c>.csv</c>, <c>.tsv</c>, <c>.parquet</c> or <c>.txt</c>, with or without the ending of a packed file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">What to do with malformed rows.</param>
    /// <returns>The rows.</returns>
    /// <exception cref="DataException">There is no such file, or its name says nothing.</exception>
    public static Records FromFile(string path, ReadOptions? options = null)
    {
        DataFile.Require(path);
        string name = Path.GetExtension(path).ToLowerInvariant() is ".gz" or ".zst" ? Path.GetFileNameWithoutExtension(path) : Path.GetFileName(path);
        return Path.GetExtension(name).ToLowerInvariant() switch
        {
            ".jsonl" or ".ndjson" => FromJsonLines(path, options),
            ".json" => FromJson(path, options),
            ".csv" or ".tsv" or ".tab" => FromCsv(path, options),
            ".parquet" => FromParquet(path, options),
            ".txt" => FromText(path, options: options),
            _ => throw new DataException(path, "its name does not say what it is; .jsonl, .json, .csv, .tsv, .parquet and .txt do. Call the reader you mean."),
        };
    }

    /// <summary>Makes an example of every row.</summary>
    /// <param name="records">The rows.</param>
    /// <param name="template">How.</param>
    /// <returns>The examples, in the order of the rows, made while they are enumerated. That raises <see cref="DataException"/> for a row without a field of the template.</returns>
    /// <exception cref="DataException">The template makes no sense.</exception>
    public static IEnumerable<Example> Apply(this IEnumerable<DataRecord> records, ExampleTemplate template) => Apply(records, [template], 0);

    /// <summary>
    /// Makes an example of every row, each with one of several templates of a task. Every run of as many rows as there are
    /// templates uses each of them once, in an order that depends on the seed and on the row's place alone.
    /// </summary>
    /// <param name="records">The rows.</param>
    /// <param name="templates">The ways to make an example.</param>
    /// <param name="seed">Decides which row gets which.</param>
    /// <returns>The examples, as in <see cref="Apply(IEnumerable{DataRecord}, ExampleTemplate)"/>.</returns>
    /// <exception cref="ArgumentException">There is no template.</exception>
    /// <exception cref="DataException">A template makes no sense.</exception>
    public static IEnumerable<Example> Apply(this IEnumerable<DataRecord> records, IReadOnlyList<ExampleTemplate> templates, long seed)
    {
        ArgumentNullException.ThrowIfNull(records);
        ArgumentNullException.ThrowIfNull(templates);
        if (templates.Count == 0)
            throw new ArgumentException("There is no template.", nameof(templates));
        foreach (ExampleTemplate template in templates)
            template.Check();
        return Filled(records, [.. templates], seed);
    }

    private static IEnumerable<Example> Filled(IEnumerable<DataRecord> records, ExampleTemplate[] templates, long seed)
    {
        int[] order = [];
        long row = 0;
        foreach (DataRecord record in records)
        {
            int place = (int)(row % templates.Length);
            if (place == 0)
                order = EpochOrder.Of(seed, row / templates.Length, templates.Length);
            row++;
            yield return templates[order[place]].Fill(record);
        }
    }
}
