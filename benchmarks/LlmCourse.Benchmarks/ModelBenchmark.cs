using System.Diagnostics;
using System.Text;
using LlmCourse.Data;
using LlmCourse.Generation;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Benchmarks;

/// <summary>One model of ours, timed.</summary>
internal sealed class ModelBenchmark : IDisposable
{
    private const int Prompt = 128;
    private const int Steps = 32;
    private readonly Llm _llm;

    private ModelBenchmark(Llm llm, double loadRate)
    {
        _llm = llm;
        LoadRate = loadRate;
    }

    /// <summary>GB/s of fp32 weights made from the file (which is in the page cache after a first load).</summary>
    public double LoadRate { get; }

    /// <summary>How long loading takes then.</summary>
    public double LoadSeconds { get; private init; }

    /// <summary>The peak of memory while the model is loaded and continues one prompt, above what there was before, in sizes of its weights.</summary>
    public double Memory { get; private init; }

    /// <summary>Whether it writes: an encoder alone only reads.</summary>
    public bool Generates => _llm.Model.Config.Decoder is not null;

    /// <summary>Whether its steps read only a part of the weights.</summary>
    public bool HasEncoder => _llm.Model.Config.Encoder is not null;

    /// <summary>How many bytes of weights one decoding step of a decoder reads: all but the rows of the table that it does not look up.</summary>
    public long WeightBytes => _llm.Model.ParameterCount * sizeof(float);

    public static ModelBenchmark Load(string model)
    {
        double memory;
        torch.zeros(1).Dispose(); // libtorch is there before
        using (AnonymousMemory watched = new())
        using (Llm first = Llm.Load(model))
        {
            if (first.Model.Config.Decoder is not null)
                first.GenerateFromIds([[.. Enumerable.Range(10, Prompt)]], new() { MaxNewTokens = Steps, MinNewTokens = Steps, Temperature = 0 });
            memory = (double)watched.Peak / (first.Model.ParameterCount * sizeof(float));
        }

        long start = Stopwatch.GetTimestamp();
        Llm llm = Llm.Load(model);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new ModelBenchmark(llm, llm.Model.ParameterCount * sizeof(float) / seconds / 1e9) { LoadSeconds = seconds, Memory = memory };
    }

    /// <summary>Tokens a second of greedy decoding behind a prompt of 128 tokens, its prefill left out.</summary>
    public double Decode(int batch)
    {
        IReadOnlyList<int>[] prompts = [.. Enumerable.Range(0, batch).Select(row => (IReadOnlyList<int>)Ids(Prompt, row))];
        GenerationOptions For(int count) => new() { MaxNewTokens = count, MinNewTokens = count, Temperature = 0 };
        double first = Seconds(() => _llm.GenerateFromIds(prompts, For(1))), all = Seconds(() => _llm.GenerateFromIds(prompts, For(Steps + 1)));
        return batch * Steps / (all - first);
    }

    /// <summary>Steps a second of a beam search behind a prompt of 128 tokens, its prefill left out.</summary>
    public double Beams(int count)
    {
        GenerationOptions For(int tokens) => new() { MaxNewTokens = tokens, EosTokenIds = [], NumBeams = count, Temperature = 0 };
        IReadOnlyList<int>[] prompts = [Ids(Prompt, 0)];
        double first = Seconds(() => _llm.GenerateFromIds(prompts, For(1))), all = Seconds(() => _llm.GenerateFromIds(prompts, For(Steps + 1)));
        return Steps / (all - first);
    }

    /// <summary>Tokens a second of reading a prompt; of an encoder–decoder up to the answer's first token.</summary>
    public double Prefill(int length) => length / Seconds(() =>
    {
        if (HasEncoder)
        {
            _llm.GenerateFromIds([Ids(length, 0)], new() { MaxNewTokens = 1, EosTokenIds = [], Temperature = 0 });
            return;
        }

        using DecodingSession session = DecodingSession.Open(_llm.Model, ForwardContext.Evaluation, 1, length);
        using Sequences prompt = Sequences.FromRows([Ids(length, 0)]);
        session.AppendForLogits(prompt).Dispose();
    });

    /// <summary>Tokens a second of an encoder's hidden states: several passes, since one is too short to be told from what else goes on.</summary>
    public double Read(int batch, int length)
    {
        const int Passes = 5;
        return Passes * batch * length / Seconds(() =>
        {
            for (int i = 0; i < Passes; i++)
            {
                using var noGradient = no_grad();
                using var scope = NewDisposeScope();
                using Sequences texts = Sequences.FromRows([.. Enumerable.Range(0, batch).Select(row => (IReadOnlyList<int>)Ids(length, row))]);
                _llm.Model.Trunk.Run(texts);
            }
        });
    }

    /// <summary>MB/s of UTF-8 text turned into ids, line by line.</summary>
    public double Tokenize(string file)
    {
        string[] lines = File.ReadAllLines(file);
        long bytes = lines.Sum(line => (long)Encoding.UTF8.GetByteCount(line));
        return bytes / 1e6 / Seconds(() =>
        {
            foreach (string line in lines)
                _llm.Tokenizer.EncodeIds(line, addSpecialTokens: false);
        });
    }

    /// <summary>A session behind a prompt and one step of it, for a profile.</summary>
    public (DecodingSession Session, Action Step) Decoding(int batch)
    {
        DecodingSession session = DecodingSession.Open(_llm.Model, ForwardContext.Evaluation, batch, Prompt + 256);
        using Sequences prompt = Sequences.FromRows([.. Enumerable.Range(0, batch).Select(row => (IReadOnlyList<int>)Ids(Prompt, row))]);
        session.AppendForLogits(prompt).Dispose();
        return (session, () =>
        {
            using Sequences one = Sequences.FromRows([.. Enumerable.Range(0, batch).Select(row => (IReadOnlyList<int>)[100 + row])]);
            session.AppendForLogits(one).Dispose();
        }
        );
    }

    public void Dispose() => _llm.Dispose();

    private int[] Ids(int count, int row) => [.. Enumerable.Range(0, count).Select(i => 10 + (((i * 7919) + (row * 104_729)) % (_llm.Model.Config.VocabularySize - 20)))];

    private static double Seconds(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
