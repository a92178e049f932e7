using System.Text.Json;
using LlmCourse.Evaluation;
using LlmCourse.Evaluation.Text;

namespace LlmCourse.Conformance;

/// <summary>ROUGE, its stemmer and its intervals against rouge_score and NLTK.</summary>
[Trait("Kind", "Metrics")]
public sealed class RougeTests
{
    private static readonly string[] Settings = ["plain", "stemmed"];

    public static TheoryData<string> Pairs() => MetricsFiles.Entries("rouge.json", "score");

    public static TheoryData<string> Multiple() => MetricsFiles.Entries("rouge.json", "score_multi");

    public static TheoryData<string> Intervals() => MetricsFiles.Sections("rouge.json", "bootstrap/plain", "bootstrap/stemmed");

    public static TheoryData<string> Stems() => MetricsFiles.Sections("porter.json", "stems", "other_modes/MARTIN_EXTENSIONS", "other_modes/ORIGINAL_ALGORITHM");

    [SkippableTheory]
    [MemberData(nameof(Pairs))]
    public void A_pair(string name)
    {
        JsonElement entry = MetricsFiles.Of(name);
        string prediction = MetricsFiles.Text(entry.GetProperty("prediction")), target = MetricsFiles.Text(entry.GetProperty("target"));
        foreach (string setting in Settings)
            Compare(entry.GetProperty(setting), Rouge.Score(prediction, target, Options(setting)), setting);
    }

    [SkippableTheory]
    [MemberData(nameof(Multiple))]
    public void Several_references(string name)
    {
        JsonElement entry = MetricsFiles.Of(name);
        string prediction = MetricsFiles.Text(entry.GetProperty("prediction"));
        foreach (string setting in Settings)
            Compare(entry.GetProperty(setting), Rouge.Score(prediction, entry.GetProperty("targets").Strings(), Options(setting)), setting);
    }

    [SkippableTheory]
    [MemberData(nameof(Intervals))]
    public void Intervals_over_the_reference_s_own_draws(string name)
    {
        JsonElement expected = MetricsFiles.Of(name);
        string setting = name[(name.LastIndexOf('/') + 1)..];
        JsonElement bootstrap = MetricsFiles.Find("rouge.json", "bootstrap")!.Value;
        JsonElement[] pairs = [.. MetricsFiles.Find("rouge.json", "score")!.Value.EnumerateArray().Where(entry => entry.GetProperty("group").GetString() == "dialogsum")];
        IReadOnlyList<RougeScores> scores = Rouge.ScoreAll(
            [.. pairs.Select(pair => MetricsFiles.Text(pair.GetProperty("prediction")))],
            [.. pairs.Select(pair => MetricsFiles.Text(pair.GetProperty("target")))],
            Options(setting));
        Assert.Equal(bootstrap.GetProperty("pairs").GetInt32(), scores.Count);
        Compare(bootstrap.GetProperty("means").GetProperty(setting), Rouge.Mean(scores), "means");

        NumpyChoice choice = new(42);
        int drawn = 0;
        foreach (JsonElement type in bootstrap.GetProperty("rouge_types_in_order").EnumerateArray())
        {
            double[][] measures = [.. Measures.Select(measure => (double[])[.. scores.Select(score => measure(Of(score, type.GetString()!)))])];
            double[][] figures = [.. measures.Select(_ => new double[1000])];
            for (int r = 0; r < 1000; r++)
            {
                int[] sample = choice.Draw(scores.Count);
                if (drawn++ < 2)
                    Assert.Equal(bootstrap.GetProperty(drawn == 1 ? "first_resample_indices" : "second_resample_indices").Ints(), sample);
                for (int m = 0; m < measures.Length; m++)
                    figures[m][r] = Bootstrap.MeanOf(measures[m], sample);
            }

            (double Low, double Median, double High)[] intervals = [.. figures.Select(figure => Bootstrap.Percentiles(figure, 0.95))];
            JsonElement want = expected.GetProperty(type.GetString()!);
            MetricsFiles.Near(want.GetProperty("low").Doubles(), [.. intervals.Select(interval => interval.Low)], $"{type} low");
            MetricsFiles.Near(want.GetProperty("mid").Doubles(), [.. intervals.Select(interval => interval.Median)], $"{type} mid");
            MetricsFiles.Near(want.GetProperty("high").Doubles(), [.. intervals.Select(interval => interval.High)], $"{type} high");
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Stems))]
    public void Stems_of_words(string name)
    {
        PorterMode mode = name.EndsWith("stems", StringComparison.Ordinal) ? PorterMode.Extended
            : name.EndsWith("MARTIN_EXTENSIONS", StringComparison.Ordinal) ? PorterMode.Martin
            : PorterMode.Original;
        Assert.All(MetricsFiles.Of(name).EnumerateArray(), pair =>
            Assert.Equal((pair[0].GetString(), pair[1].GetString()), (pair[0].GetString(), PorterStemmer.Stem(WhiteSpace.Lower(pair[0].GetString()!), mode))));
    }

    private static readonly Func<PrecisionRecall, double>[] Measures = [score => score.Precision, score => score.Recall, score => score.F1];

    private static RougeOptions Options(string setting) => new() { UseStemmer = setting == "stemmed", MaxOrder = 9 };

    private static PrecisionRecall Of(RougeScores scores, string type) => type switch
    {
        "rougeL" => scores.RougeL,
        "rougeLsum" => scores.RougeLsum,
        _ => scores.RougeN(type[^1] - '0'),
    };

    private static void Compare(JsonElement expected, RougeScores found, string setting)
    {
        foreach (JsonProperty type in expected.EnumerateObject())
        {
            PrecisionRecall score = Of(found, type.Name);
            MetricsFiles.Near(type.Value.Doubles(), [score.Precision, score.Recall, score.F1], $"{setting} {type.Name}");
        }
    }
}
