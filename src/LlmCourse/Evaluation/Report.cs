namespace LlmCourse.Evaluation;

/// <summary>
/// Figures of several systems side by side: a row for each metric, a column for each system, both in the order of their first
/// appearance.
/// <code>
/// var report = new Report("DialogSum, 500 dialogues");
/// report.Add("ROUGE-1 F1", "original", Bootstrap.Mean(before.Select(s => s.Rouge1.F1)));
/// Console.WriteLine(report);
/// report.Save("rouge.md");
/// </code>
/// </summary>
/// <remarks>Not thread-safe while figures are being added.</remarks>
public sealed class Report
{
    private readonly string _title;
    private readonly List<string> _metrics = [];
    private readonly List<string> _systems = [];
    private readonly Dictionary<(string Metric, string System), (double Value, Estimate? Estimate)> _cells = [];

    /// <summary>Begins without figures.</summary>
    /// <param name="title">What was measured: the data, and how many examples.</param>
    public Report(string title)
    {
        ArgumentNullException.ThrowIfNull(title);
        _title = title;
    }

    /// <summary>Adds a figure without an interval.</summary>
    /// <param name="metric">Its row.</param>
    /// <param name="system">Its column.</param>
    /// <param name="value">The figure.</param>
    /// <exception cref="ArgumentException">The system has a figure of this metric already.</exception>
    public void Add(string metric, string system, double value) => Add(metric, system, value, null);

    /// <summary>Adds a figure with its interval.</summary>
    /// <param name="metric">Its row.</param>
    /// <param name="system">Its column.</param>
    /// <param name="estimate">The figure.</param>
    /// <exception cref="ArgumentException">The system has a figure of this metric already.</exception>
    public void Add(string metric, string system, Estimate estimate) => Add(metric, system, estimate.Value, estimate);

    /// <summary>The figures as a table of plain text.</summary>
    /// <returns>The title, a head and a line for each metric.</returns>
    public override string ToString() => TextTable.Plain(_title, Rows());

    /// <summary>The figures as a Markdown table.</summary>
    /// <returns>A heading and the table.</returns>
    public string ToMarkdown() => TextTable.Markdown(_title, Rows());

    /// <summary>The figures as JSON, unrounded.</summary>
    /// <returns><c>{"title", "metrics": [{"metric", "systems": [{"system", "value", "low", "high"}]}]}</c></returns>
    public string ToJson() => TextTable.Json(new
    {
        title = _title,
        metrics = _metrics.Select(metric => new
        {
            metric,
            systems = _systems.Where(system => _cells.ContainsKey((metric, system))).Select(system => new
            {
                system,
                value = _cells[(metric, system)].Value,
                low = _cells[(metric, system)].Estimate?.Low,
                high = _cells[(metric, system)].Estimate?.High,
            }),
        }),
    });

    /// <summary>Writes the report to a file that appears whole or not at all.</summary>
    /// <param name="path">Where to: <c>.md</c>, <c>.json</c> or <c>.txt</c> says in which form.</param>
    /// <exception cref="ArgumentException">The name ends in something else.</exception>
    public void Save(string path) => TextTable.Save(path, ToString, ToMarkdown, ToJson);

    private void Add(string metric, string system, double value, Estimate? estimate)
    {
        ArgumentNullException.ThrowIfNull(metric);
        ArgumentNullException.ThrowIfNull(system);
        if (!_cells.TryAdd((metric, system), (value, estimate)))
            throw new ArgumentException($"'{system}' has a figure of '{metric}' already.", nameof(metric));
        if (!_metrics.Contains(metric))
            _metrics.Add(metric);
        if (!_systems.Contains(system))
            _systems.Add(system);
    }

    private List<string[]> Rows() =>
    [
        ["", .. _systems],
        .. _metrics.Select(metric => (string[])[metric, .. _systems.Select(system => Cell(metric, system))]),
    ];

    private string Cell(string metric, string system) => !_cells.TryGetValue((metric, system), out (double Value, Estimate? Estimate) cell) ? ""
        : cell.Estimate?.ToString() ?? Estimate.Show(cell.Value);
}
