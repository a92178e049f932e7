using LlmCourse.Runtime;

namespace LlmCourse.Data;

/// <summary>
/// Several tasks in one stream without end, for multi-task training. Which task comes at a position is drawn by the rates; each
/// task goes through its own examples in an order of its own, anew for every pass, so that within a pass none is lost and none
/// comes twice. The whole order is a function of the seed and the position: a stream that was left at a position goes on from
/// there with <see cref="From"/>. Immutable.
/// </summary>
public sealed class Mixture
{
    private const long TaskRow = -1; // of the random numbers: the rows from 0 on are passes

    private readonly (string Name, IReadOnlyList<Example> Examples)[] _tasks;
    private readonly double[] _rates;
    private readonly long _seed;

    /// <summary>Mixes tasks.</summary>
    /// <param name="tasks">The examples of each task by its name. An example without a task is given the name.</param>
    /// <param name="options">The rates and the seed; null mixes in proportion to the sizes.</param>
    /// <exception cref="DataException">There is no task, or one without examples.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public Mixture(IReadOnlyDictionary<string, IReadOnlyList<Example>> tasks, MixtureOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(tasks);
        options ??= new MixtureOptions();
        options.Check();
        if (tasks.Count == 0)
            throw new DataException("mixture", "it has no tasks.");
        if (tasks.FirstOrDefault(task => task.Value.Count == 0).Key is { } empty)
            throw new DataException("mixture", $"the task \"{empty}\" has no examples.");
        _tasks = [.. tasks.OrderBy(task => task.Key, StringComparer.Ordinal).Select(task => (task.Key, task.Value))];
        _rates = RatesOf([.. _tasks.Select(task => (long)task.Examples.Count)], options.Limit, options.Temperature);
        _seed = options.Seed;
        Rates = _tasks.Zip(_rates, (task, rate) => (task.Name, rate)).ToDictionary(task => task.Name, task => task.rate);
    }

    /// <summary>The share of each task; they add up to 1.</summary>
    public IReadOnlyDictionary<string, double> Rates { get; }

    /// <summary>
    /// Examples-proportional mixing with a limit and a temperature (Raffel et al., "Exploring the limits of transfer learning
    /// with a unified text-to-text transformer", 2020, section 3.5.2): rₘ = min(eₘ, K) / Σ min(eₙ, K), then rₘ^(1/T), divided by the sum.
    /// </summary>
    /// <param name="sizes">How many examples each task has: e.</param>
    /// <param name="limit">K; null for none.</param>
    /// <param name="temperature">T, from 1 to infinity.</param>
    /// <returns>A rate for each task.</returns>
    internal static double[] RatesOf(IReadOnlyList<long> sizes, long? limit, double temperature)
    {
        double[] rates = [.. sizes.Select(size => (double)Math.Min(size, limit ?? long.MaxValue))];
        double sum = rates.Sum();
        rates = [.. rates.Select(rate => Math.Pow(rate / sum, 1 / temperature))];
        sum = rates.Sum();
        return [.. rates.Select(rate => rate / sum)];
    }

    /// <summary>The examples from a position on, without end: take as many as there are steps for.</summary>
    /// <param name="position">How many have come before; the way there costs some tens of nanoseconds for each.</param>
    /// <returns>The examples.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The position is negative.</exception>
    public IEnumerable<Example> From(long position = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        return Stream(position);
    }

    private IEnumerable<Example> Stream(long position)
    {
        long[] taken = new long[_tasks.Length];
        for (long past = 0; past < position; past++)
            taken[TaskAt(past)]++;
        (long Pass, int[] Order)[] passes = new (long, int[])[_tasks.Length];
        for (; ; position++)
        {
            int task = TaskAt(position);
            (string name, IReadOnlyList<Example> examples) = _tasks[task];
            (long pass, long place) = Math.DivRem(taken[task]++, examples.Count);
            if (passes[task].Order is null || passes[task].Pass != pass)
                passes[task] = (pass, EpochOrder.Of(_seed, (pass * _tasks.Length) + task, examples.Count));
            Example example = examples[passes[task].Order[place]];
            yield return example.Task is null ? example with { Task = name } : example;
        }
    }

    private int TaskAt(long position)
    {
        double drawn = Philox.Uniform(_seed, TaskRow, position);
        for (int task = 0; task < _rates.Length - 1; task++)
        {
            drawn -= _rates[task];
            if (drawn < 0)
                return task;
        }

        return _rates.Length - 1;
    }
}
