namespace Pronunciation;

/// <summary>One training: its words, its options, and what it cost.</summary>
/// <param name="steps">How many.</param>
/// <param name="batch">Words of a step.</param>
/// <param name="rate">The highest learning rate.</param>
/// <param name="settings">The rest.</param>
/// <param name="stop">Ends it.</param>
internal sealed class Lesson(int steps, int batch, double rate, Settings settings, CancellationToken stop)
{
    public int Steps => steps;

    /// <summary>Trains a model on words of one or several kinds, each at its share.</summary>
    /// <param name="llm">The model.</param>
    /// <param name="name">What the display says.</param>
    /// <param name="words">The words, without end.</param>
    /// <param name="dropout">Whether dropout is on.</param>
    /// <param name="between">Called behind each step; its time does not count.</param>
    /// <returns>How it went and what it cost.</returns>
    public (TrainingResult Result, Effort Effort) Teach(Llm llm, string name, IEnumerable<Example> words, bool dropout, Action<TrainingProgress, Effort>? between = null)
    {
        TrainingOptions options = new()
        {
            LearningRate = rate,
            Schedule = Schedule.Linear(StepSpan.Share(0.06)),
            Optimizer = new AdamWOptions { Beta2 = 0.98 },
            Batches = new() { Size = batch, GroupByLength = true, Truncation = Truncation.Refuse },
            MaxSteps = steps,
            MaxTime = settings.Minutes is { } minutes ? TimeSpan.FromMinutes(minutes) : null,
            Dropout = dropout,
            Seed = settings.Seed,
        };
        Effort start = Effort.Now(), aside = default;
        TrainingResult result = TrainingDisplay.Show(name, steps, progress => llm.FineTune(words.Take(steps * batch), options, new Listener(done =>
        {
            progress.Report(done);
            Effort before = Effort.Now();
            between?.Invoke(done, before - start - aside);
            aside += Effort.Now() - before;
        }), stop));
        return (result, Effort.Now() - start - aside);
    }

    // Progress<T> would call from another thread, later.
    private sealed class Listener(Action<TrainingProgress> hear) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => hear(value);
    }
}
