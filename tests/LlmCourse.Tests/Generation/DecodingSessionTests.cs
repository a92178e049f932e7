using LlmCourse.Data;
using LlmCourse.Generation;
using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Generation;

/// <summary>Reading on, forgetting, choosing rows and forking leave every row where a fresh run over its tokens would be.</summary>
public sealed class DecodingSessionTests
{
    private const double Tolerance = 1e-4;
    private static readonly int[][] Prompts = TinyFamilies.Rows(11, 9, 4, 6);

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void Prompt_lookup_decoding_gives_the_greedy_tokens(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        const int Count = 24;
        // Prompts that repeat themselves, so that drafts are found; ragged.
        int[][] prompts = [.. Prompts.Select(prompt => prompt.Concat(prompt).ToArray())];
        int[][] greedy = [.. prompts.Select(prompt => Uncached.Greedy(model, ForwardContext.Evaluation, prompt, Count))];
        (int[][] tokens, int accepted) = PromptLookup(model, prompts, Count);
        Assert.Equal(greedy, tokens);
        Assert.True(accepted > 0, "no draft was right");
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void Pieces_of_any_size_read_like_the_whole(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using var scope = NewDisposeScope();
        int[][] texts = TinyFamilies.Rows(12, 11, 11, 11);
        Tensor[] expected = [.. texts.Select((text, r) => Uncached.Logits(model, ForwardContext.Evaluation, Prompts[r], text))];
        using DecodingSession session = Open(model, capacity: 2); // grows
        int[] read = [0, 0, 0];
        foreach (int[] widths in new int[][] { [3, 1, 2], [1, 4, 2], [1, 1, 1], [4, 3, 5], [2, 2, 1] })
        {
            using Sequences piece = Sequences.FromRows([.. texts.Select((text, r) => text[read[r]..(read[r] + widths[r])])], device: TestDevice.Device);
            using Hidden hidden = session.Append(piece);
            Tensor logits = model.TokenLogits(hidden.States, ForwardContext.Evaluation);
            for (int r = 0; r < 3; r++)
            {
                TinyFamilies.Close(expected[r].narrow(0, read[r], widths[r]), logits[r].narrow(0, 0, widths[r]), Tolerance, $"row {r} at {read[r]}");
                read[r] += widths[r];
            }

            Assert.Equal(read, session.Lengths);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.Generators), MemberType = typeof(TinyFamilies))]
    public void What_was_cut_is_forgotten(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using var scope = NewDisposeScope();
        int[][] texts = TinyFamilies.Rows(12, 8, 8, 8);
        using DecodingSession session = Open(model, capacity: 20);
        Read(session, TinyFamilies.Rows(13, 5, 9, 7)).Dispose();
        Assert.Throws<ArgumentOutOfRangeException>(() => session.Truncate([6, 0, 0]));
        Assert.Throws<ArgumentException>(() => session.Truncate([0, 0]));
        session.Truncate([0, 0, 0]);
        Read(session, texts).Dispose();
        int[] lengths = [2, 8, 5];
        session.Truncate(lengths);
        Assert.Equal(lengths, session.Lengths);
        int[][] more = TinyFamilies.Rows(14, 3, 1, 2);
        Check(model, Read(session, more), [0, 1, 2], r => [.. texts[r].Take(lengths[r]), .. more[r]]);
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.Generators), MemberType = typeof(TinyFamilies))]
    public void One_prefill_grows_into_four_samples(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using var scope = NewDisposeScope();
        int[] text = TinyFamilies.Rows(12, 6)[0];
        int[][] continuations = TinyFamilies.Rows(15, 2, 5, 1, 3);
        foreach (bool late in new[] { true, false })
        {
            using DecodingSession session = Open(model, capacity: 8, rows: 1);
            if (late)
                Read(session, [text]).Dispose();
            session.Select(0, 0, 0, 0);
            Assert.Equal(4, session.Rows);
            int[][] first = late ? continuations : [.. continuations.Select(rest => text.Concat(rest).ToArray())];
            Check(model, Read(session, first), [0, 0, 0, 0], r => [.. text, .. continuations[r]]);
            int[][] again = TinyFamilies.Rows(16, 1, 2, 1, 1);
            Check(model, Read(session, again), [0, 0, 0, 0], r => [.. text, .. continuations[r], .. again[r]]);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.Generators), MemberType = typeof(TinyFamilies))]
    public void Rows_can_be_reordered_dropped_and_multiplied(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using var scope = NewDisposeScope();
        int[][] texts = TinyFamilies.Rows(12, 4, 7, 2), second = TinyFamilies.Rows(13, 2, 3, 1, 2), third = TinyFamilies.Rows(14, 1, 1);
        using DecodingSession session = Open(model, capacity: 4);
        Read(session, texts).Dispose();
        session.Select(2, 0, 2, 1);
        Assert.Equal([2, 4, 2, 7], session.Lengths);
        int[] from = [2, 0, 2, 1];
        Check(model, Read(session, second), from, r => [.. texts[from[r]], .. second[r]]);
        session.Select(3, 1);
        Check(model, Read(session, third), [1, 0], r => [.. texts[1 - r], .. second[3 - (2 * r)], .. third[r]]);
        Assert.Throws<ArgumentOutOfRangeException>(() => session.Select());
        Assert.Throws<ArgumentOutOfRangeException>(() => session.Select(0, 2));
        Assert.Throws<ArgumentException>(() => Read(session, texts));
    }

    /// <summary>As beams do: doubled once, then reordered at every step, where only what differs is copied; cut and forked in between.</summary>
    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void Rows_that_have_a_past_in_common_change_places(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using var scope = NewDisposeScope();
        Random random = new(5);
        int[][] texts = TinyFamilies.Rows(12, 4, 7);
        int[] from = [0, 0, 0, 1, 1, 1];
        DecodingSession session = Open(model, capacity: 4);
        Read(session, [.. texts, [5]]).Dispose();
        session.Select(from);
        List<int>[] rows = [.. from.Select(prompt => texts[prompt].ToList())];
        for (int step = 0; step < 14; step++)
        {
            int[][] next = TinyFamilies.Rows(100 + step, [.. rows.Select(_ => step % 5 == 3 ? random.Next(1, 3) : 1)]);
            for (int r = 0; r < rows.Length; r++)
                rows[r] = [.. rows[r], .. next[r]];
            Check(model, Read(session, next), from, r => [.. rows[r]]);
            if (step == 6)
            {
                int[] lengths = [.. rows.Select(row => row.Count - random.Next(0, 3))];
                session.Truncate(lengths);
                for (int r = 0; r < rows.Length; r++)
                    rows[r] = [.. rows[r].Take(lengths[r])];
            }

            if (step == 9)
            {
                using DecodingSession old = session;
                session = session.Fork();
            }

            int[] order = step == 11 ? [3, 4, 0, 5, 5, 1] : [.. Enumerable.Range(0, 6).Select(r => (r / 3 * 3) + random.Next(3))];
            session.Select(order);
            from = Array.ConvertAll(order, row => from[row]);
            rows = Array.ConvertAll(order, row => rows[row]);
            Assert.Equal(rows.Select(row => row.Count), session.Lengths);
        }

        session.Dispose();
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void Logits_behind_several_tokens_are_those_of_each(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using var scope = NewDisposeScope();
        int[][] texts = TinyFamilies.Rows(12, 4, 7, 3);
        int[] counts = [2, 5, 1];
        using DecodingSession session = Open(model, capacity: 4);
        using Sequences tokens = Sequences.FromRows(texts, device: TestDevice.Device);
        Tensor logits = session.AppendForLogits(tokens, counts);
        for (int r = 0, at = 0; r < 3; at += counts[r++])
        {
            Tensor expected = Uncached.Logits(model, ForwardContext.Evaluation, Prompts[r], texts[r]);
            TinyFamilies.Close(expected.narrow(0, texts[r].Length - counts[r], counts[r]), logits.narrow(0, at, counts[r]), Tolerance, $"row {r}");
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.Generators), MemberType = typeof(TinyFamilies))]
    public void A_fork_and_its_origin_go_their_own_ways(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using var scope = NewDisposeScope();
        int[][] texts = TinyFamilies.Rows(12, 4, 7, 2), left = TinyFamilies.Rows(13, 3, 1, 2), right = TinyFamilies.Rows(14, 2, 2, 5);
        DecodingSession origin = Open(model, capacity: 30);
        Read(origin, texts).Dispose();
        using DecodingSession fork = origin.Fork();
        Check(model, Read(origin, left), [0, 1, 2], r => [.. texts[r], .. left[r]]);
        Check(model, Read(fork, right), [0, 1, 2], r => [.. texts[r], .. right[r]]);
        fork.Select(1);
        int[][] more = TinyFamilies.Rows(15, 2, 2, 2);
        Check(model, Read(origin, more), [0, 1, 2], r => [.. texts[r], .. left[r], .. more[r]]);
        origin.Dispose();
        Check(model, Read(fork, [more[0]]), [1], r => [.. texts[1], .. right[1], .. more[0]]);
    }

    [SkippableFact]
    public void A_session_is_of_the_right_kind_of_model()
    {
        using TransformerModel decoder = TinyFamilies.Model("llama"), both = TinyFamilies.Model("t5"), encoder = TinyFamilies.Model("bert");
        using Sequences input = Sequences.FromRows(Prompts, device: TestDevice.Device);
        Assert.Throws<InvalidOperationException>(() => DecodingSession.Open(both, ForwardContext.Evaluation, 1, 1));
        Assert.Throws<InvalidOperationException>(() => DecodingSession.Open(encoder, ForwardContext.Evaluation, 1, 1));
        Assert.Throws<InvalidOperationException>(() => DecodingSession.Open(decoder, ForwardContext.Evaluation, input, 1));
    }

    /// <summary>
    /// Drafts what stood behind the last occurrence of the last token, has the draft checked in one pass, keeps what greedy
    /// search would have written and one token more.
    /// </summary>
    private static (int[][] Tokens, int Accepted) PromptLookup(TransformerModel model, int[][] prompts, int count)
    {
        const int Longest = 4;
        bool seq2Seq = model.Config.Encoder is not null;
        List<int>[] rows = [.. prompts.Select(prompt => Uncached.Start(model, prompt))];
        int[] starts = [.. rows.Select(row => row.Count)];
        using Sequences input = Sequences.FromRows(prompts, device: TestDevice.Device);
        using DecodingSession session = seq2Seq
            ? DecodingSession.Open(model, ForwardContext.Evaluation, input, 8)
            : DecodingSession.Open(model, ForwardContext.Evaluation, prompts.Length, 8);
        int accepted = 0;
        while (rows.Zip(starts).Any(row => row.First.Count - row.Second < count))
        {
            int[][] drafts = [.. rows.Select((row, r) => Draft([.. prompts[r], .. row.Skip(seq2Seq ? 0 : prompts[r].Length)], Longest))];
            int[][] next = [.. rows.Select((row, r) => row.Skip(session.Lengths[r]).Concat(drafts[r]).ToArray())];
            using Sequences tokens = Sequences.FromRows(next, device: TestDevice.Device);
            using Hidden hidden = session.Append(tokens);
            using Tensor logits = model.TokenLogits(hidden.States, ForwardContext.Evaluation), best = logits.argmax(-1);
            for (int r = 0; r < rows.Length; r++)
            {
                int at = next[r].Length - drafts[r].Length - 1, kept = 0;
                int Best(int column) => (int)best[r, column].Whole();
                while (kept < drafts[r].Length && Best(at + kept) == drafts[r][kept])
                    rows[r].Add(drafts[r][kept++]);
                rows[r].Add(Best(at + kept));
                accepted += kept;
            }

            session.Truncate([.. rows.Select(row => row.Count - 1)]);
        }

        return ([.. rows.Select((row, r) => row.Skip(starts[r]).Take(count).ToArray())], accepted);
    }

    private static int[] Draft(int[] text, int longest)
    {
        int found = Array.LastIndexOf(text, text[^1], text.Length - 2);
        return found < 0 ? [] : [.. text.Skip(found + 1).Take(longest)];
    }

    private static DecodingSession Open(TransformerModel model, int capacity, int rows = 3)
    {
        if (model.Config.Encoder is null)
            return DecodingSession.Open(model, ForwardContext.Evaluation, rows, capacity);
        using Sequences input = Sequences.FromRows(Prompts[..rows], padLeft: true, device: TestDevice.Device);
        return DecodingSession.Open(model, ForwardContext.Evaluation, input, capacity);
    }

    private static Tensor Read(DecodingSession session, int[][] tokens)
    {
        using Sequences sequences = Sequences.FromRows(tokens, device: TestDevice.Device);
        return session.AppendForLogits(sequences);
    }

    // Row r of the logits is what a model says that reads the row's whole text behind the prompt it belongs to.
    private static void Check(TransformerModel model, Tensor logits, int[] prompts, Func<int, int[]> text)
    {
        Assert.Equal([prompts.Length, TinyFamilies.Vocabulary], logits.shape);
        for (int r = 0; r < prompts.Length; r++)
            TinyFamilies.Close(Uncached.Logits(model, ForwardContext.Evaluation, Prompts[prompts[r]], text(r))[-1], logits[r], Tolerance, $"row {r}");
    }
}
