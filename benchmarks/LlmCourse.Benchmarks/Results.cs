using System.Globalization;
using System.Text;
using System.Text.Json;

namespace LlmCourse.Benchmarks;

/// <summary>Figures of several rounds, as a table and as JSON. The ratio is that of the medians.</summary>
/// <param name="peer">What is compared with.</param>
internal sealed class Results(string peer)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly List<Figure> _figures = [];
    private readonly List<(string Name, double Value)> _derived = [];

    public void Add(string name, string unit, double ours, double? theirs)
    {
        Figure? figure = _figures.Find(item => item.Name == name);
        if (figure is null)
            _figures.Add(figure = new Figure(name, unit, [], []));
        figure.Ours.Add(ours);
        if (theirs is { } value)
            figure.Theirs.Add(value);
    }

    public void Derive(string name, double value) => _derived.Add((name, value));

    public double Median(string name) => Median(_figures.Find(item => item.Name == name)!.Ours);

    public string Table()
    {
        StringBuilder table = new($"| figure | ours: median (min – max) | {peer}: median (min – max) | ratio |\n|---|---|---|---|\n");
        foreach (Figure figure in _figures)
            table.Append(CultureInfo.InvariantCulture, $"| {figure.Name}, {figure.Unit} | {Show(figure.Ours)} | {Show(figure.Theirs)} | {(Ratio(figure) is { } ratio ? ratio.ToString("f2", CultureInfo.InvariantCulture) : "")} |\n");
        foreach ((string name, double value) in _derived)
            table.Append(CultureInfo.InvariantCulture, $"| {name} | {value:f2} | | |\n");
        return table.ToString();
    }

    public string ToJson(BenchmarkArguments arguments) => JsonSerializer.Serialize(Content(arguments), Indented);

    private object Content(BenchmarkArguments arguments) => new
    {
        model = Path.GetFileName(arguments.Model),
        threads = arguments.Threads,
        rounds = arguments.Rounds,
        figures = _figures.Select(figure => new { name = figure.Name, unit = figure.Unit, ours = figure.Ours, theirs = figure.Theirs, ratio = Ratio(figure) }),
        derived = _derived.ToDictionary(item => item.Name, item => item.Value),
    };

    private static double? Ratio(Figure figure) => figure.Theirs.Count == 0 ? null : Median(figure.Ours) / Median(figure.Theirs);

    private static string Show(List<double> values) => values.Count == 0 ? "" : string.Create(
        CultureInfo.InvariantCulture, $"{Median(values):f1} ({values.Min():f1} – {values.Max():f1})");

    private static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private sealed record Figure(string Name, string Unit, List<double> Ours, List<double> Theirs);
}
