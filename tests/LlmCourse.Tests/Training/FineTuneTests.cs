using System.Text.Json;
using LlmCourse.Data;
using LlmCourse.Generation;
using LlmCourse.Runtime;
using LlmCourse.Tests.Checkpoints;
using LlmCourse.Tokenization.Chat;
using LlmCourse.Training;
using LlmCourse.Training.Logging;
using LlmCourse.Training.Optimizers;
using Microsoft.Extensions.Logging;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Training;

/// <summary>Fine-tuning as users call it.</summary>
public sealed class FineTuneTests
{
    [Theory]
    [InlineData("llama", false)]
    [InlineData("llama", true)]
    [InlineData("t5-gated", false)]
    public void A_model_learns_its_task_and_generates_it_after_a_reload(string name, bool packing)
    {
        using TemporaryFolder folder = TinyLlm.Folder(name);
        using Llm llm = Llm.FromConfig(folder.Path, 7);
        Example[] examples = [new("a=", "A"), new("b=", "B"), new("c=", "C"), new("d=", "D")];
        TrainingResult result = llm.FineTune(examples, new() { LearningRate = 1e-2, Epochs = 60, Batches = new() { Size = 4, Packing = packing, MaxLength = 16 } });
        Assert.True(result.History[^1].Loss < result.History[0].Loss / 10, $"{result.History[0].Loss} to {result.History[^1].Loss}");
        Assert.Equal((4, 8L), (result.Data!.Kept, result.Data.Labels)); // a letter and an end each
        llm.Save(folder["tuned"]);
        using Llm again = Llm.Load(folder["tuned"]);
        GenerationOptions options = new() { MaxNewTokens = 4, EosTokenIds = [TinyLlm.End] };
        Assert.Equal(examples.Select(example => example.Completion), again.Generate([.. examples.Select(example => example.Prompt)], options).Select(completion => completion.Text));
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("gpt2")]
    public void Packed_rows_have_the_loss_of_rows_of_their_own(string name)
    {
        using TemporaryFolder folder = TinyLlm.Folder(name);
        using Llm llm = Llm.FromConfig(folder.Path, 7);
        double Loss(bool packing)
        {
            double sum = 0, weight = 0;
            foreach (Batch batch in llm.Batches(TinyLlm.Examples(20), new BatchOptions { Size = 3, Packing = packing, MaxLength = 32, Shuffle = false }))
            {
                using (batch)
                {
                    (Tensor part, double terms) = SupervisedLoss.Sum(llm.Model, batch, LlmCourse.Transformers.ForwardContext.Evaluation);
                    using (part)
                        (sum, weight) = (sum + part.Number(), weight + terms);
                }
            }

            return sum / weight;
        }

        Assert.Equal(Loss(false), Loss(true), 1e-5);
    }

    [Fact]
    public void Conversations_are_trained_on_through_the_chat_template()
    {
        using TemporaryFolder folder = TinyLlm.Folder("llama", chat: true);
        using Llm llm = Llm.FromConfig(folder.Path, 7);
        Example[] chats = [new([new("user", "a"), new("assistant", "A")]), new([new("user", "b"), new("assistant", "B")])];
        llm.FineTune(chats, new() { LearningRate = 1e-2, Epochs = 60 });
        Assert.Equal("A", llm.Chat("a", new() { MaxNewTokens = 4, EosTokenIds = [TinyLlm.End] }).Text);
        Assert.Equal("B", llm.Chat("b", new() { MaxNewTokens = 4, EosTokenIds = [TinyLlm.End] }).Text);
    }

    [Fact]
    public void Frozen_parameters_keep_their_bits()
    {
        using TemporaryFolder folder = TinyLlm.Folder("gpt2");
        using Llm llm = Llm.FromConfig(folder.Path, 7);
        llm.Model.SetTrainable(false, "embeddings.*", "decoder.0.*");
        Dictionary<string, Tensor> before = llm.Model.NamedParameters.ToDictionary(entry => entry.Name, entry => entry.Parameter.detach().clone());
        llm.FineTune(TinyLlm.Examples(8), new() { Batches = new() { Size = 4 } });
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in llm.Model.NamedParameters)
            Assert.Equal(!parameter.requires_grad, before[name].equal(parameter).all().IsTrue());
    }

    [Fact]
    public void Checkpoints_keep_the_last_and_the_best_and_are_models()
    {
        using TemporaryFolder folder = TinyLlm.Folder("gpt2");
        using Llm llm = Llm.FromConfig(folder.Path, 7);
        Example[] examples = TinyLlm.Examples(40);
        TrainingOptions options = new()
        {
            LearningRate = 0.05,
            Epochs = 3,
            Batches = new() { Size = 4 }, // too fast: validation gets worse soon
            Checkpoints = new CheckpointOptions { Folder = folder["run"], Every = 3, KeepLast = 2 },
            Validation = new ValidationOptions { Examples = examples[..8], Every = 3 },
        };
        TrainingResult result = llm.FineTune(examples[8..], options);
        string[] folders = [.. Directory.GetDirectories(folder["run"]).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
        string best = $"step-{result.Best!.Value.Step:D8}";
        Assert.Equal(new[] { best, "step-00000021", "step-00000024" }.Distinct().Order(StringComparer.Ordinal), folders);
        Assert.Equal(result.History.Where(step => step.Validation is not null).Min(step => step.Validation!["loss"]), result.Best.Value.Value);
        using Llm last = Llm.Load(Path.Combine(folder["run"], "step-00000024"));
        Assert.Equal(llm.Generate("abc=").Tokens, last.Generate("abc=").Tokens);

        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => llm.FineTune(examples, options));
        Assert.Contains("Resume", error.Message, StringComparison.Ordinal);
        using Llm other = Llm.FromConfig(folder.Path, 8);
        float[] before = Weights();
        Assert.Throws<InvalidOperationException>(() => other.FineTune(examples, options with { Seed = 4, Checkpoints = options.Checkpoints with { Resume = true } }));
        Assert.Equal(before, Weights()); // nothing of another run has been read

        float[] Weights() => [.. other.Model.NamedParameters.First().Parameter.data<float>()];
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void A_run_that_goes_on_ends_with_the_same_bits(ScalarType type)
    {
        using TemporaryFolder folder = TinyLlm.Folder("gpt2");
        TrainingOptions options = new()
        {
            LearningRate = 1e-3,
            MaxSteps = 8,
            Accumulation = 2,
            Batches = new() { Size = 3, Packing = true, MaxLength = 32 },
            Optimizer = new AdamWOptions { WeightDecay = 0.1 },
            Checkpoints = new CheckpointOptions { Folder = folder["run"], Every = 4, Resume = true, KeepLast = 9 },
        };
        using Llm whole = Llm.FromConfig(folder.Path, 7, new LoadOptions { Type = type }), parts = Llm.FromConfig(folder.Path, 8, new LoadOptions { Type = type });
        TrainingResult expected = whole.FineTune(TinyLlm.Examples(40), options);
        Directory.Delete(Path.Combine(folder["run"], "step-00000008"), recursive: true);
        TrainingResult rest = parts.FineTune(TinyLlm.Examples(40), options); // other weights, which the checkpoint replaces
        Assert.Equal((4, 8L, expected.Tokens), (rest.History.Count, rest.Steps, rest.Tokens));
        Assert.Equal(expected.History.TakeLast(4).Select(step => step.Loss), rest.History.Select(step => step.Loss));
        foreach (((string _, TorchSharp.Modules.Parameter one), TorchSharp.Modules.Parameter other) in whole.Model.NamedParameters.Zip(parts.Model.NamedParameters.Select(entry => entry.Parameter)))
            TensorAssert.Same(one, other);
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_written_stops_the_run_and_keeps_the_last()
    {
        using TemporaryFolder folder = TinyLlm.Folder("gpt2");
        using Llm llm = Llm.FromConfig(folder.Path, 7);
        TrainingOptions options = new() { MaxSteps = 4, Epochs = 10, Batches = new() { Size = 8 }, Checkpoints = new CheckpointOptions { Folder = folder["run"], Every = 2 } };
        // A file stands where the second checkpoint should.
        Directory.CreateDirectory(folder["run"]);
        File.WriteAllText(Path.Combine(folder["run"], "step-00000004"), "in the way");
        TrainingException error = Assert.Throws<TrainingException>(() => llm.FineTune(TinyLlm.Examples(8), options));
        Assert.Equal((4, Path.Combine(folder["run"], "step-00000002")), (error.Step, error.LastCheckpoint));
        using Llm last = Llm.Load(error.LastCheckpoint!);
        Assert.NotEmpty(last.Generate("abc=").Tokens);
    }

    [Fact]
    public void Bf16_weights_with_master_copies_follow_fp32()
    {
        using TemporaryFolder folder = TinyLlm.Folder("llama");
        double[] Losses(ScalarType type)
        {
            using Llm llm = Llm.FromConfig(folder.Path, 7, new LoadOptions { Type = type });
            return [.. llm.FineTune(TinyLlm.Examples(16), new() { LearningRate = 1e-3, Epochs = 10, Batches = new() { Size = 16 } }).History.Select(step => step.Loss)];
        }

        double[] single = Losses(ScalarType.Float32), half = Losses(ScalarType.BFloat16);
        Assert.True(single[^1] < 0.8 * single[0]);
        // 8 bits of mantissa: a few parts in a thousand of the logits.
        Assert.All(single.Zip(half), pair => Assert.Equal(pair.First, pair.Second, 0.03 * pair.First));
    }

    [Fact]
    public void Every_step_is_logged_with_its_validation()
    {
        using TemporaryFolder folder = TinyLlm.Folder("llama");
        using Llm llm = Llm.FromConfig(folder.Path, 7);
        Example[] examples = TinyLlm.Examples(20);
        Events events = new();
        using (JsonLinesLog log = new(folder["log.jsonl"]))
        {
            llm.FineTune(examples[4..], new()
            {
                Batches = new() { Size = 4 },
                Logs = [log],
                Logger = events,
                Validation = new() { Examples = examples[..4], Every = 2 },
            });
        }

        JsonElement[] lines = [.. File.ReadLines(folder["log.jsonl"]).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal([1, 2, 3, 4], lines.Select(line => line.GetProperty("step").GetInt32()));
        Assert.Equal([false, true, false, true], lines.Select(line => line.TryGetProperty("validation/perplexity", out _)));
        Assert.All(lines, line => Assert.True(line.GetProperty("loss").GetDouble() > 0 && line.GetProperty("tokens_per_second").GetDouble() > 0));
        Assert.Contains(events.Messages, message => message.Contains("of 4 in all", StringComparison.Ordinal));
        Assert.Contains(events.Messages, message => message.Contains("ended", StringComparison.Ordinal));
    }

    [Fact]
    public void Giving_memory_back_at_once_changes_no_result()
    {
        using TemporaryFolder folder = TinyLlm.Folder("llama");
        double[] Losses(bool compact)
        {
            using Llm llm = Llm.FromConfig(folder.Path, 7);
            return [.. llm.FineTune(TinyLlm.Examples(16), new() { LearningRate = 1e-3, CompactMemory = compact }).History.Select(step => step.Loss)];
        }

        Assert.Equal(Losses(false), Losses(true));
    }

    [Fact]
    public void More_padding_changes_nothing()
    {
        using TemporaryFolder folder = TinyLlm.Folder("llama");
        using Llm llm = Llm.FromConfig(folder.Path, 7);
        // The same examples once beside one that is much longer, which has no label in the second batch.
        using Batch narrow = Batch.ForDecoder([[1, 2, 3], [4, 5]], null), wide = new(
            Sequences.FromRows([[1, 2, 3], [4, 5], Enumerable.Repeat(7, 30).ToArray()]),
            labels: Widened(narrow.Labels!, 30));
        using Tensor expected = llm.Loss(narrow), found = llm.Loss(wide);
        Assert.Equal(expected.Number(), found.Number(), 1e-5);
    }

    private static Tensor Widened(Tensor labels, int width)
    {
        Tensor wide = full([3, width], Batch.Ignore, ScalarType.Int64);
        wide.narrow(0, 0, 2).narrow(1, 0, 3).copy_(labels);
        return wide;
    }

    private sealed class Events : ILogger
    {
        public List<string> Messages { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Messages.Add(formatter(state, exception));
    }
}
