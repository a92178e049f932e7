using Spectre.Console;

namespace Lab2.FineTuning;

/// <summary>Summaries scored against those of people, for two models on the same dialogues.</summary>
internal sealed class SummaryScores
{
    private static readonly RougeOptions Stemmed = new() { UseStemmer = true }; // as in the lab

    private readonly List<(string Metric, double[] Original, double[] Tuned)> _scores = [];

    /// <summary>Scores both.</summary>
    /// <param name="test">The dialogues with their references.</param>
    /// <param name="original">The answers of the model as it was.</param>
    /// <param name="tuned">Those of the tuned one.</param>
    /// <param name="more">Another figure: of an answer and a reference, from 0 to 1.</param>
    public SummaryScores(IReadOnlyList<Example> test, IReadOnlyList<string> original, IReadOnlyList<string> tuned, (string Name, Func<string, string, double> Score)? more)
    {
        Add("ROUGE-1", (answer, reference) => Rouge.Score(answer, reference, Stemmed).Rouge1.F1);
        Add("ROUGE-2", (answer, reference) => Rouge.Score(answer, reference, Stemmed).Rouge2.F1);
        Add("ROUGE-L", (answer, reference) => Rouge.Score(answer, reference, Stemmed).RougeL.F1);
        Add("ROUGE-Lsum", (answer, reference) => Rouge.Score(answer, reference, Stemmed).RougeLsum.F1);
        if (more is { } figure)
            Add(figure.Name, figure.Score);

        void Add(string metric, Func<string, string, double> score) => _scores.Add((metric, Of(original, score), Of(tuned, score)));

        // A dialogue's score is the mean over its references: what the lab's rows, one for each summary, come to.
        double[] Of(IReadOnlyList<string> answers, Func<string, string, double> score) =>
            [.. answers.Zip(test, (answer, example) => example.References.Average(reference => score(answer, reference)))];
    }

    /// <summary>Each metric with both models' figures and their intervals, from 0 to 1.</summary>
    public IReadOnlyList<(string Metric, Estimate Original, Estimate Tuned)> Estimates =>
        [.. _scores.Select(row => (row.Metric, Bootstrap.Mean(row.Original), Bootstrap.Mean(row.Tuned)))];

    /// <summary>Both models, and the absolute improvement in points as the lab prints it; all with intervals, the last one paired.</summary>
    public Table Table()
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumns("F1", "original", "tuned", "improvement in points", "p");
        foreach ((string metric, double[] original, double[] tuned) in _scores)
        {
            PairedComparison change = PairedBootstrap.Compare([.. original.Select(score => 100 * score)], [.. tuned.Select(score => 100 * score)]);
            table.AddRow(metric, Escaped(Bootstrap.Mean(original)), Escaped(Bootstrap.Mean(tuned)), Points(change.Difference), $"{change.PValue:0.000}");
        }

        return table;

        static string Escaped(Estimate estimate) => Markup.Escape(estimate.ToString());

        static string Points(Estimate points) => Markup.Escape($"{points.Value:+0.00;-0.00} [{points.Low:+0.00;-0.00}, {points.High:+0.00;-0.00}]");
    }

    /// <summary>The same for a file.</summary>
    public Report Report(string title)
    {
        Report report = new(title);
        foreach ((string metric, Estimate original, Estimate tuned) in Estimates)
        {
            report.Add(metric, "original", original);
            report.Add(metric, "tuned", tuned);
        }

        return report;
    }
}
