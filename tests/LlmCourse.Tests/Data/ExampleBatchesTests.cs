using System.Text.Json;
using LlmCourse.Data;
using LlmCourse.Tests.Tokenization;
using LlmCourse.Tokenization;

namespace LlmCourse.Tests.Data;

public sealed class ExampleBatchesTests
{
    private static readonly PretrainedTokenizer Tokenizer = TinyTokenizers.ByteLevel();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void No_example_is_lost_or_doubled_across_epochs(bool packing)
    {
        Example[] examples = TinyLlm.Examples(101);
        using ExampleBatches batches = Batches(examples, new BatchOptions { Size = 4, Packing = packing, MaxLength = 24 });
        string[] expected = [.. examples.Select(example => example.Prompt + example.Completion + "<|end|>").Order(StringComparer.Ordinal)];
        for (int epoch = 0; epoch < 3; epoch++)
        {
            List<string> found = [];
            int count = 0;
            while (batches.Read(default) is { } batch)
            {
                using (batch)
                    found.AddRange(Enumerable.Range(0, batch.Input.Count).SelectMany(row => Texts(batch, row)));
                count++;
            }

            Assert.Equal(batches.CountBatches(epoch), count);
            Assert.Equal(expected, found.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void It_goes_on_where_it_was()
    {
        Example[] examples = TinyLlm.Examples(30);
        BatchOptions options = new() { Size = 4, Packing = true, MaxLength = 24 };
        using ExampleBatches first = Batches(examples, options), second = Batches(examples, options);
        for (int i = 0; i < 11; i++) // into the second or third epoch, read-ahead included
            first.Read(default)?.Dispose();
        second.Restore(JsonSerializer.Deserialize<JsonElement>(first.Save().GetRawText()));
        for (int i = 0; i < 20; i++)
        {
            using Batch? one = first.Read(default), other = second.Read(default);
            Assert.Equal(one is null, other is null);
            if (one is not null)
            {
                TensorAssert.Same(one.Input.Ids, other!.Input.Ids);
                TensorAssert.Same(one.Labels!, other.Labels!);
                Assert.Equal(one.Sources, other.Sources);
            }
        }
    }

    [Fact]
    public void The_report_counts_what_is_cut_and_left_out()
    {
        Example[] examples =
        [
            new("ab", "c"), // 4 tokens, 2 of them labels
            new("abcdef", "g"), // 8, cut to 6: the labels are gone
            new("abcd", "efgh"), // 9, cut by 3 to two labels
        ];
        using ExampleBatches cut = Batches(examples, new BatchOptions { MaxLength = 6 });
        Assert.Equal((3, 2, 10L, 4L, 1, 3L), (cut.Report.Examples, cut.Report.Kept, cut.Report.Tokens, cut.Report.Labels, cut.Report.Cut, cut.Report.TokensCut));
        Assert.Contains("abcdef", Assert.Single(cut.Report.WithoutLabels), StringComparison.Ordinal);
        using ExampleBatches left = Batches(examples, new BatchOptions { MaxLength = 6, Truncation = Truncation.LeaveOut });
        Assert.Equal((1, 2), (left.Report.Kept, left.Report.TooLong.Count));
        Assert.Throws<DataException>(() => Batches(examples[1..2], new BatchOptions { MaxLength = 6 }));
        Assert.Throws<DataException>(() => Batches([], new BatchOptions()));
    }

    [Fact]
    public void A_bad_example_is_named_before_anything_is_trained()
    {
        DataException error = Assert.Throws<DataException>(() => Batches([.. TinyLlm.Examples(20)], new BatchOptions { MaxLength = 5, Truncation = Truncation.Refuse }));
        Assert.Contains("words:", error.Message, StringComparison.Ordinal);
    }

    private static ExampleBatches Batches(Example[] examples, BatchOptions options) => new(
        examples,
        new ExampleEncoder { Tokenizer = Tokenizer, EncoderDecoder = false, EosId = TinyLlm.End, BosId = null, ContextLength = 64, Options = options },
        seed: 3, padId: TinyLlm.End, decoderStartId: 0, device: null);

    private static IEnumerable<string> Texts(Batch batch, int row) =>
        Tokenizer.Decode(batch.Input.Row(row), skipSpecialTokens: false).Split("<|end|>", StringSplitOptions.RemoveEmptyEntries).Select(text => text + "<|end|>");
}
