namespace Lab2.FineTuning;

/// <summary>A model, data, and how the one is trained and measured on the other: the same for every technique.</summary>
internal sealed class Lab(Llm llm, LabData data, Settings settings, CancellationToken stop)
{
    public Llm Llm => llm;

    public LabData Data => data;

    public Settings Settings => settings;

    public CancellationToken Stop => stop;

    public BatchOptions Batches { get; } = new() { Size = settings.Batch, MaxLength = settings.MaxLength, Truncation = Truncation.Refuse, GroupByLength = true };

    // Nothing here can leave dropout on: a model has no training mode, only a training run has dropout.
    public EvaluationOptions Answering { get; } = new() { Generation = new() { DoSample = false, MaxNewTokens = settings.MaxNewTokens }, BatchSize = settings.Batch };

    /// <summary>The answers of a model or view to the test, scored as in the lab.</summary>
    public EvaluationResult Examine(Llm view, string name)
    {
        Metric rouge = Metrics.RougeWith(new() { UseStemmer = true, AverageReferences = true });
        EvaluationOptions how = Answering with { System = name, Title = $"F1 on {data.Test.Count} dialogues" };
        return WorkDisplay.Show(name, progress => view.Evaluate(data.Test, settings.Model is null ? [rouge, Meeting.FactsRight] : [rouge], how, progress, stop));
    }

    public double Loss(Llm view) => HeldOutLoss.Of(view, data.Test, Batches, stop);

    /// <summary>Trains and measures. What is stored of it goes into a folder of its name.</summary>
    public Outcome Tune(Technique technique)
    {
        string name = technique.Name;
        Llm view = technique.Of(llm, name, settings);
        long parameters = llm.Model.ParameterCount, trained = view.TrainableParameters().Sum(parameter => parameter.numel());
        (TrainingResult run, long growth) = TrainingMemory.Watch(() => Train(view, technique, data.Train));
        long bytes = technique.Save(llm, name, FolderOf(technique));
        return new Outcome(name, trained, run, new(parameters, trained, growth), Loss(view), Examine(view, name), bytes);
    }

    /// <summary>The first training of a process also pays for what is compiled and then kept: one that does not count goes before those that are compared.</summary>
    public void WarmUp()
    {
        const string Name = "warm-up";
        Technique technique = Technique.Adapters[0];
        Llm view = technique.Of(llm, Name, settings);
        view.FineTune(data.Train.Take(4 * settings.Batch), new() { Batches = Batches }, cancellationToken: stop);
        llm.Adapters.Remove(Name);
    }

    public TrainingResult Train(Llm view, Technique technique, IReadOnlyList<Example> examples)
    {
        TrainingOptions options = new()
        {
            LearningRate = settings.LearningRate ?? (settings.Model is null ? technique.SmallRate : technique.Rate),
            Schedule = Schedule.Linear(StepSpan.Share(0.1)),
            Optimizer = new AdamWOptions { WeightDecay = 0.01 },
            Epochs = settings.Epochs,
            Batches = Batches,
            Seed = settings.Seed,
        };
        return TrainingDisplay.Show(progress => view.FineTune(examples, options, progress, stop));
    }

    /// <summary>The model as a technique has tuned it.</summary>
    public Llm View(Technique technique) => technique.Add is null ? llm : llm.With(technique.Name);

    /// <summary>As in training: a conversation goes through the model's chat template, up to its last answer.</summary>
    public static int[] PromptOf(Llm llm, Example example) => example.Messages.Count > 0
        ? llm.Tokenizer.EncodeIds(llm.RenderChat([.. example.Messages.SkipLast(1)]), addSpecialTokens: false)
        : llm.Tokenizer.EncodeIds(example.Prompt);

    public string FolderOf(Technique technique) => Path.Combine(settings.Output, technique.Add is null ? "tuned" : technique.Name);
}
