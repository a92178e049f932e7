using System.Text.Json;
using System.Text.Json.Nodes;
using LlmCourse.Checkpoints;
using LlmCourse.Generation;
using LlmCourse.Tests.Checkpoints;
using LlmCourse.Tests.Tokenization;
using TorchSharp;

namespace LlmCourse.Tests;

/// <summary>The front door, on tiny models.</summary>
public sealed class LlmTests
{
    private static readonly GenerationOptions Short = new() { MaxNewTokens = 12, Temperature = 1, Seed = 5, EosTokenIds = [] };

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public async Task Streamed_pieces_are_the_text(string name)
    {
        using TemporaryFolder folder = Folder(name);
        using Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice);
        for (int seed = 0; seed < 4; seed++)
        {
            GenerationOptions options = Short with { Seed = seed, StopStrings = seed % 2 == 0 ? [] : ["e", "ll"] };
            Completion whole = llm.Generate("hello world", options);
            Assert.Equal(whole.Text, string.Concat(await Pieces(llm, options)));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public async Task Streamed_pieces_are_the_text_of_every_strategy(string name)
    {
        using TemporaryFolder folder = Folder(name);
        using Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice);
        foreach (GenerationOptions strategy in (GenerationOptions[])[
            Short with { NumReturnSequences = 3 }, Short with { NumBeams = 3, NumReturnSequences = 2, Temperature = 0 }, Short with { NumBeams = 3 },
            Short with { Assisted = new() { PromptLookupTokens = 4 } }, Short with { Assisted = new() { Draft = llm.AsDraft(), DraftTokens = 3 } }])
        {
            foreach (string[] stops in (string[][])[[], ["e", "l"]])
            {
                GenerationOptions options = strategy with { StopStrings = stops };
                Completion whole = llm.Generate("hello world", options);
                Assert.Equal(whole.Text, string.Concat(await Pieces(llm, options)));
                Assert.DoesNotContain(stops, stop => whole.Text.Contains(stop, StringComparison.Ordinal));
                Assert.Equal(whole.StopString is not null, whole.FinishReason == FinishReason.StopString);
            }
        }
    }

    /// <summary>Every text that a stop string or a predicate ends is one that beams choose among.</summary>
    [SkippableFact]
    public void Beams_end_at_stop_strings_and_predicates()
    {
        using TemporaryFolder folder = Folder("gpt2");
        using Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice);
        GenerationOptions beams = new() { MaxNewTokens = 8, EosTokenIds = [], NumBeams = 4, NumReturnSequences = 4, Beams = new() { EarlyStopping = EarlyStopping.True } };
        IReadOnlyList<Completion> free = llm.Generate(["hello world"], beams);
        string letter = free[0].Text.First(char.IsAsciiLetter).ToString();
        Completion[] stopped = [.. llm.Generate(["hello world"], beams with { StopStrings = [letter] })];
        Assert.Contains(stopped, completion => completion.FinishReason == FinishReason.StopString && completion.StopString == letter);
        Assert.All(stopped, completion => Assert.DoesNotContain(letter, completion.Text, StringComparison.Ordinal));
        Assert.All(
            llm.Generate(["hello world"], beams with { StopWhen = soFar => soFar.Tokens.Count == 3 }),
            completion => Assert.Equal((3, FinishReason.StopPredicate), (completion.Tokens.Count, completion.FinishReason)));
    }

    /// <summary>A minimum length holds back the end of sequence, and nothing else.</summary>
    [SkippableFact]
    public void A_minimum_of_new_tokens_does_not_delay_stop_strings()
    {
        using TemporaryFolder folder = Folder("gpt2");
        using Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice);
        string letter = llm.Generate("hello world", Short).Text.First(char.IsAsciiLetter).ToString();
        Completion stopped = llm.Generate("hello world", Short with { MinNewTokens = 12, StopStrings = [letter] });
        Assert.Equal(FinishReason.StopString, stopped.FinishReason);
        Assert.True(stopped.Tokens.Count < 12);
    }

    [SkippableFact]
    public void A_negative_prompt_may_be_a_text()
    {
        using TemporaryFolder folder = Folder("llama");
        using Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice);
        GenerationOptions options = new() { MaxNewTokens = 6, EosTokenIds = [] };
        Assert.Equal(
            llm.Generate("hello", options with { Guidance = new() { Scale = 3, NegativePromptIds = llm.Tokenizer.EncodeIds("world") } }).Tokens,
            llm.Generate("hello", options with { Guidance = new() { Scale = 3, NegativePrompt = "world" } }).Tokens);
    }

    [SkippableFact]
    public async Task A_reader_may_stop_early_or_cancel()
    {
        using TemporaryFolder folder = Folder("llama");
        using Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice);
        int seen = 0;
        await foreach (StreamedToken _ in llm.StreamTokensAsync("hello", Short with { MaxNewTokens = 200 }))
        {
            if (++seen == 2)
                break;
        }

        using CancellationTokenSource cancel = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (StreamedToken _ in llm.StreamTokensAsync("hello", Short with { MaxNewTokens = 200 }, cancel.Token))
                await cancel.CancelAsync();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => llm.GenerateAsync(["hello"], Short, cancel.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Llm.LoadAsync(folder.Path, OnDevice, cancellationToken: cancel.Token));
    }

    [SkippableFact]
    public async Task What_fails_while_streaming_reaches_the_reader()
    {
        using TemporaryFolder folder = Folder("llama");
        using Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice);
        GenerationOptions options = Short with { StopWhen = soFar => soFar.Tokens.Count == 3 ? throw new InvalidDataException("mine") : false };
        await Assert.ThrowsAsync<InvalidDataException>(() => Pieces(llm, options));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Pieces(llm, Short with { EosTokenIds = [100_000] }));
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void A_saved_model_generates_the_same(string name)
    {
        using TemporaryFolder folder = Folder(name);
        using Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice);
        string saved = folder["saved"];
        llm.Save(saved);
        llm.Save(saved); // over itself
        llm.Save(saved, maxShardBytes: 8_000);
        List<LoadProgress> heard = [];
        using Llm again = Llm.Load(saved, OnDevice, progress: new Listener(heard.Add));
        Assert.Equal(1, heard[^1].Fraction);
        Assert.Equal(llm.Generate("hello world", Short).Tokens, again.Generate("hello world", Short).Tokens);
        again.Save(saved); // over what it was loaded from
        using Llm third = Llm.Load(saved, OnDevice with { Type = torch.ScalarType.Float64 });
        Assert.Equal(llm.Generate("hello", Short with { Temperature = 0 }).Tokens, third.Generate("hello", Short with { Temperature = 0 }).Tokens);
    }

    [SkippableFact]
    public void A_folder_that_is_no_checkpoint_is_not_replaced()
    {
        using TemporaryFolder folder = Folder("gpt2"), other = new();
        using Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice);
        other.Write("letters.txt", 1);
        Assert.Throws<CheckpointException>(() => llm.Save(other.Path));
        Assert.Throws<CheckpointException>(() => llm.Save(other["letters.txt"]));
        Assert.True(File.Exists(other["letters.txt"]));
        Assert.ThrowsAny<ArgumentException>(() => llm.Save(other["new"], maxShardBytes: 0));
    }

    [SkippableFact]
    public void Bad_prompts_are_refused_by_name()
    {
        using TemporaryFolder folder = Folder("gpt2");
        using Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice);
        Assert.ThrowsAny<ArgumentException>(() => llm.GenerateFromIds([[300]]));
        Assert.ThrowsAny<ArgumentException>(() => llm.GenerateFromIds([[-1]]));
        Assert.ThrowsAny<ArgumentException>(() => llm.GenerateFromIds([[]]));
        Assert.ThrowsAny<ArgumentException>(() => llm.GenerateFromIds([null!]));
        Assert.ThrowsAny<ArgumentException>(() => llm.Generate([null!]));
        Assert.Throws<PromptTooLongException>(() => llm.GenerateFromIds([Enumerable.Repeat(1, 64).ToArray()]));
        Assert.Throws<InvalidOperationException>(() => llm.Chat("hello"));
        Assert.ThrowsAny<ArgumentException>(() => llm.Generate("")); // no token to begin with
        Assert.Empty(llm.GenerateFromIds([]));
    }

    [Theory]
    [InlineData(torch.ScalarType.Int8)]
    [InlineData(torch.ScalarType.Int64)]
    [InlineData(torch.ScalarType.Bool)]
    [InlineData(torch.ScalarType.ComplexFloat32)]
    public void Weights_are_real_numbers(torch.ScalarType type)
    {
        using TemporaryFolder folder = Folder("gpt2");
        ArgumentException error = Assert.ThrowsAny<ArgumentException>(() => Llm.FromConfig(folder.Path, 7, new LoadOptions { Type = type }));
        Assert.Contains("type", error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public async Task A_disposed_model_says_so(string name)
    {
        using TemporaryFolder folder = Folder(name);
        Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice);
        llm.Dispose();
        llm.Dispose();
        Assert.Throws<ObjectDisposedException>(() => llm.Generate("hello"));
        Assert.Throws<ObjectDisposedException>(() => llm.NextTokenDistribution("hello"));
        Assert.Throws<ObjectDisposedException>(() => llm.Save(folder["saved"]));
        Assert.False(Directory.Exists(folder["saved"]));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Pieces(llm, Short));
    }

    [SkippableFact]
    public async Task Threads_generate_at_once_what_one_generates()
    {
        using TemporaryFolder folder = Folder("llama");
        using Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice);
        string[] prompts = [.. Enumerable.Range(0, 8).Select(i => new string('h', i + 1) + "ello " + i)];
        string[] alone = [.. prompts.Select(prompt => llm.Generate(prompt, Short).Text)];
        string[] together = await Task.WhenAll(prompts.Select(prompt => Task.Run(() => llm.Generate(prompt, Short).Text)));
        Assert.Equal(alone, together);
    }

    [SkippableFact]
    public void A_folder_without_a_tokenizer_generates_from_ids()
    {
        using TemporaryFolder folder = Folder("llama");
        File.Delete(folder["tokenizer.json"]);
        using Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice);
        Assert.Throws<InvalidOperationException>(() => llm.Generate("hello"));
        Assert.Throws<InvalidOperationException>(() => llm.Chat("hello"));
        Assert.Throws<InvalidOperationException>(() => llm.GenerateFromIds([[3]], Short with { StopStrings = ["a"] }));
        Assert.Equal(12, llm.GenerateFromIds([[3, 4]], Short)[0].Tokens.Count);
        llm.Save(folder["saved"]);
        using Llm again = Llm.Load(folder["saved"], OnDevice);
        Assert.Equal(llm.GenerateFromIds([[3, 4]], Short)[0].Tokens, again.GenerateFromIds([[3, 4]], Short)[0].Tokens);
    }

    [SkippableFact]
    public void Generation_defaults_are_honoured()
    {
        using TemporaryFolder folder = Folder("bart");
        File.WriteAllText(folder["generation_config.json"], """{"max_length":9,"do_sample":true,"temperature":0.5,"forced_bos_token_id":77,"forced_eos_token_id":2,"eos_token_id":[2,3],"decoder_start_token_id":2}""");
        using Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice);
        for (int seed = 0; seed < 5; seed++)
        {
            Completion completion = llm.Generate("hello world", new GenerationOptions { Seed = seed });
            Assert.Equal(77, completion.Tokens[0]);
            Assert.Contains(completion.Tokens[^1], new[] { 2, 3 });
            Assert.True(completion.Tokens.Count <= 8);
            Assert.NotNull(completion.Seed);
        }
    }

    private static LoadOptions OnDevice => new() { Device = TestDevice.Device };

    private static async Task<List<string>> Pieces(Llm llm, GenerationOptions options)
    {
        List<string> pieces = [];
        await foreach (string piece in llm.StreamAsync("hello world", options))
            pieces.Add(piece);
        return pieces;
    }

    // A configuration whose vocabulary the tokenizer beside it fits.
    private static TemporaryFolder Folder(string name) => TinyLlm.Folder(name);

    private sealed class Listener(Action<LoadProgress> hear) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => hear(value);
    }
}
