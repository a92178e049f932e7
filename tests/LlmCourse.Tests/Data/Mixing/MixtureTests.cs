using LlmCourse.Data;

namespace LlmCourse.Tests.Data;

public sealed class MixtureTests
{
    // Sizes 100, 300 and 1,600: a sum of 2,000.
    [Theory]
    [InlineData(null, 1.0, new[] { 0.05, 0.15, 0.8 })] // in proportion
    [InlineData(300L, 1.0, new[] { 1 / 7.0, 3 / 7.0, 3 / 7.0 })] // capped: 100, 300, 300 of 700
    [InlineData(50L, 1.0, new[] { 1 / 3.0, 1 / 3.0, 1 / 3.0 })] // the cap is below all
    [InlineData(null, double.PositiveInfinity, new[] { 1 / 3.0, 1 / 3.0, 1 / 3.0 })] // alike
    [InlineData(null, 2.0, new[] { 0.14799, 0.25633, 0.59196 })] // √1 : √3 : √16 = 1 : 1.73205 : 4, of 6.73205; see below
    public void Rates(long? limit, double temperature, double[] expected)
    {
        if (temperature == 2)
            expected = [1 / 6.73205080756888, 1.73205080756888 / 6.73205080756888, 4 / 6.73205080756888];
        double[] rates = Mixture.RatesOf([100, 300, 1600], limit, temperature);
        Assert.All(expected.Zip(rates), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
    }

    [Fact]
    public void Every_task_goes_through_all_of_its_examples_before_one_comes_again()
    {
        Mixture mixture = new(Tasks(("a", 7), ("b", 20), ("c", 1)), new() { Seed = 3, Temperature = double.PositiveInfinity });
        Example[] stream = [.. mixture.From().Take(2000)];
        foreach (IGrouping<string?, Example> task in stream.GroupBy(example => example.Task))
        {
            int size = task.Key switch { "a" => 7, "b" => 20, _ => 1 };
            string[][] passes = [.. task.Select(example => example.Prompt).Chunk(size)];
            Assert.True(passes.Length > 20);
            Assert.All(passes[..^1], pass => Assert.Equal(size, pass.Distinct().Count()));
            if (size > 1)
                Assert.True(passes[..^1].Select(pass => string.Join(' ', pass)).Distinct().Count() > passes.Length / 2, "passes are shuffled anew");
        }
    }

    [Fact]
    public void Tasks_come_as_often_as_their_rates_say()
    {
        Mixture mixture = new(Tasks(("large", 600), ("small", 200), ("tiny", 10)), new() { Limit = 200 });
        Assert.Equal([200 / 410.0, 200 / 410.0, 10 / 410.0], new[] { "large", "small", "tiny" }.Select(task => mixture.Rates[task]));
        Dictionary<string, int> counts = mixture.From().Take(20_000).CountBy(example => example.Task!).ToDictionary();
        // Four standard deviations of a binomial: 4 · √(20,000 · p · (1 − p)).
        Assert.All(mixture.Rates, task => Assert.Equal(20_000 * task.Value, counts[task.Key], 4 * Math.Sqrt(20_000 * task.Value * (1 - task.Value))));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(37)]
    [InlineData(1500)]
    public void It_goes_on_from_any_position(int position)
    {
        Mixture mixture = new(Tasks(("a", 7), ("b", 20)), new() { Seed = 11 });
        Assert.Equal(mixture.From().Skip(position).Take(100), new Mixture(Tasks(("b", 20), ("a", 7)), new() { Seed = 11 }).From(position).Take(100));
        Assert.NotEqual(mixture.From().Take(100), new Mixture(Tasks(("a", 7), ("b", 20)), new() { Seed = 12 }).From().Take(100));
    }

    [Fact]
    public void An_example_keeps_the_task_it_has()
    {
        Dictionary<string, IReadOnlyList<Example>> tasks = new() { ["a"] = [new Example("p", "c") { Task = "own" }] };
        Assert.Equal("own", new Mixture(tasks).From().First().Task);
    }

    [Fact]
    public void What_cannot_be_mixed_is_refused_by_name()
    {
        Assert.Contains("no tasks", Assert.Throws<DataException>(() => new Mixture(Tasks())).Message, StringComparison.Ordinal);
        Assert.Contains("\"b\" has no examples", Assert.Throws<DataException>(() => new Mixture(Tasks(("a", 1), ("b", 0)))).Message, StringComparison.Ordinal);
        Assert.Contains("Limit", Assert.Throws<ArgumentOutOfRangeException>(() => new Mixture(Tasks(("a", 1)), new() { Limit = 0 })).Message, StringComparison.Ordinal);
        Assert.Contains("Temperature", Assert.Throws<ArgumentOutOfRangeException>(() => new Mixture(Tasks(("a", 1)), new() { Temperature = 0.5 })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Mixture(Tasks(("a", 1)), new() { Temperature = double.NaN }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Mixture(Tasks(("a", 1))).From(-1));
    }

    private static Dictionary<string, IReadOnlyList<Example>> Tasks(params (string Name, int Count)[] tasks) => tasks.ToDictionary(
        task => task.Name, task => (IReadOnlyList<Example>)[.. Enumerable.Range(0, task.Count).Select(number => new Example($"{task.Name}{number}", "c"))]);
}
