using LlmCourse.Data;
using LlmCourse.Encoders;
using LlmCourse.Runtime;
using LlmCourse.Tests.Checkpoints;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Encoders;

public sealed class EncoderFacadeTests
{
    private static readonly string[] Texts = ["a [MASK] c.", "[MASK]", "abc [MASK] b b b [MASK]"];

    private static LoadOptions Options => new() { Device = TestDevice.Device };

    [SkippableTheory]
    [InlineData("bert", "BertForMaskedLM")]
    [InlineData("distilbert", "DistilBertForMaskedLM")]
    [InlineData("albert", "AlbertForMaskedLM")]
    [InlineData("modernbert", "ModernBertForMaskedLM")]
    public void Masks_are_filled_with_the_likeliest_tokens_whatever_stands_beside(string family, string architecture)
    {
        using TemporaryFolder folder = TinyEncoders.Folder(family, architecture);
        using Llm llm = Llm.Load(folder.Path, Options);
        using MaskFiller filler = new(llm);
        Assert.Equal("[MASK]", filler.MaskToken);
        IReadOnlyList<IReadOnlyList<FilledMask>> together = filler.Fill(Texts, top: 3);
        for (int i = 0; i < Texts.Length; i++)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            int[] ids = llm.Tokenizer.EncodeIds(Texts[i]);
            using LlmCourse.Data.Batch batch = LlmCourse.Data.Batch.ForDecoder([ids], device: TestDevice.Device);
            Tensor probabilities = llm.Logits(batch).softmax(-1).cpu();
            int[] masks = [.. Enumerable.Range(0, ids.Length).Where(t => ids[t] == 4)];
            Assert.Equal(masks.Length, together[i].Count);
            foreach ((int t, FilledMask found, FilledMask alone) in masks.Zip(together[i], filler.Fill(Texts[i], top: 3)))
            {
                Assert.Equal("[MASK]", Texts[i][found.Start..found.End]);
                Assert.Equal(3, found.Candidates.Count);
                foreach ((MaskCandidate candidate, MaskCandidate same) in found.Candidates.Zip(alone.Candidates))
                {
                    Assert.Equal(probabilities[0, t, candidate.Id].Number(), candidate.Probability, 1e-5);
                    Assert.Equal(same.Id, candidate.Id);
                    Assert.Equal(same.Text, candidate.Text);
                }

                Assert.Equal(probabilities[0, t].max().Number(), found.Candidates[0].Probability, 1e-5);
                Assert.Equal(found.Candidates.OrderByDescending(candidate => candidate.Probability), found.Candidates);
            }
        }

        Assert.Contains("[MASK]", together[2][0].Candidates[0].Text, StringComparison.Ordinal); // the other one
        Assert.Equal(llm.Model.Config.VocabularySize, filler.Fill("[MASK]", top: 1000)[0].Candidates.Count);
        Assert.Equal(1, filler.Fill("[MASK]", top: 1000)[0].Candidates.Sum(candidate => candidate.Probability), 1e-5);
        Assert.Contains("Text 1 has no [MASK]", Assert.Throws<ArgumentException>(() => filler.Fill(["[MASK]", "a"])).Message, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("{}", 2, "sum")]
    [InlineData("""{"problem_type":"multi_label_classification","id2label":{"0":"x","1":"y","2":"z"}}""", 3, "each")]
    [InlineData("""{"id2label":{"0":"yes"}}""", 1, "each")]
    [InlineData("""{"problem_type":"regression","id2label":{"0":"stars"}}""", 1, "plain")]
    public void Labels_are_probabilities_of_one_or_of_each_or_numbers(string changes, int labels, string kind)
    {
        string[] texts = ["a b", "abc. c", "c"];
        using TemporaryFolder folder = TinyEncoders.Folder("electra", "ElectraForSequenceClassification", changes);
        using TextClassifier classifier = TextClassifier.Load(folder.Path, Options);
        using Llm llm = Llm.Load(folder.Path, Options);
        IReadOnlyList<IReadOnlyList<LabelScore>> together = classifier.Classify(texts, batchSize: 2);
        for (int i = 0; i < texts.Length; i++)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            using LlmCourse.Data.Batch batch = new(LlmCourse.Data.Sequences.FromRows([llm.Tokenizer.EncodeIds(texts[i])], device: TestDevice.Device));
            Tensor logits = llm.Logits(batch)[0].cpu();
            Tensor expected = kind switch { "sum" => logits.softmax(-1), "each" => logits.sigmoid(), _ => logits };
            Assert.Equal(labels, together[i].Count);
            Assert.Equal(classifier.Labels.Order(), together[i].Select(label => label.Label).Order());
            foreach (LabelScore label in together[i])
                Assert.Equal(expected[classifier.Labels.ToList().IndexOf(label.Label)].Number(), label.Score, 1e-5);
            Assert.Equal(together[i].OrderByDescending(label => label.Score), together[i]);
        }

        Assert.Equal(labels == 2 ? ["LABEL_0", "LABEL_1"] : classifier.Labels, classifier.Labels);
        Assert.Equal(classifier.Classify("a", "b").Count, labels);
    }

    [SkippableFact]
    public void A_pair_has_the_token_types_that_the_tokenizer_gives_it()
    {
        using TemporaryFolder folder = TinyEncoders.Folder("bert", "BertForSequenceClassification");
        using Llm llm = Llm.Load(folder.Path, Options);
        using TextClassifier classifier = new(llm);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        int[][] types = [[0, 0, 0, 1, 1]]; // [CLS] a [SEP] b [SEP]
        using LlmCourse.Data.Batch batch = new(LlmCourse.Data.Sequences.FromRows([[2, 5, 3, 6, 3]], tokenTypes: types, device: TestDevice.Device));
        Tensor expected = llm.Logits(batch)[0].softmax(-1).cpu();
        Assert.Equal(expected.max().Number(), classifier.Classify("a", "b")[0].Score, 1e-5);
    }

    [SkippableFact]
    public void Words_are_labelled_with_where_they_stand()
    {
        using TemporaryFolder folder = TinyEncoders.Folder("modernbert", "ModernBertForTokenClassification", """{"id2label":{"0":"B-X","1":"I-X","2":"B-Y"}}""");
        using TextTagger tagger = TextTagger.Load(folder.Path, Options);
        string[] texts = ["abc a: b", "c"];
        IReadOnlyList<IReadOnlyList<TaggedSpan>> together = tagger.Tag(texts, SpanAggregation.None);
        Assert.Equal([(0, 1), (1, 2), (2, 3), (4, 5), (5, 6), (7, 8)], together[0].Select(span => (span.Start, span.End)));
        foreach ((string text, IReadOnlyList<TaggedSpan> spans) in texts.Zip(together))
        {
            IReadOnlyList<TaggedSpan> alone = tagger.Tag(text, SpanAggregation.None);
            Assert.Equal(alone.Select(span => span.Label), spans.Select(span => span.Label));
            Assert.All(alone.Zip(spans), pair => Assert.Equal(pair.First.Score, pair.Second.Score, 1e-5));
        }

        Assert.All(tagger.Tag("abc a: b"), span => Assert.Contains(span.Label, new[] { "X", "Y" }));
        Assert.Equal(0, tagger.Tag("abc a: b")[0].Start);
    }

    [SkippableFact]
    public void They_run_over_a_view_with_an_adapter_and_free_only_what_they_loaded()
    {
        using TemporaryFolder folder = TinyEncoders.Folder("distilbert", "DistilBertForSequenceClassification");
        using Llm llm = Llm.Load(folder.Path, Options);
        llm.Adapters.AddLora("a", new() { Rank = 2, Seed = 1 });
        Adapters.TinyAdapters.Shake(llm.With("a"));
        double plain, adapted;
        using (TextClassifier first = new(llm), second = new(llm.With("a")))
        {
            plain = first.Classify("a b c")[0].Score;
            adapted = second.Classify("a b c")[0].Score;
        }

        Assert.NotEqual(plain, adapted, 1e-4);
        using TextClassifier again = new(llm);
        Assert.Equal(plain, again.Classify("a b c")[0].Score);
    }

    [SkippableFact]
    public void A_model_of_another_kind_is_refused_by_its_head()
    {
        using TemporaryFolder folder = TinyEncoders.Folder("bert", "BertModel");
        foreach (Action load in new Action[] { () => MaskFiller.Load(folder.Path), () => TextClassifier.Load(folder.Path), () => TextTagger.Load(folder.Path) })
            Assert.Contains("head is None", Assert.Throws<ArgumentException>(load).Message, StringComparison.Ordinal);
        using TemporaryFolder masked = TinyEncoders.Folder("bert", "BertForMaskedLM");
        File.Delete(masked["tokenizer_config.json"]);
        File.WriteAllText(masked["tokenizer.json"], TinyEncoders.Tokenizer.Replace("[MASK]", "[HIDE]", StringComparison.Ordinal));
        Assert.Contains("no mask token", Assert.Throws<ArgumentException>(() => MaskFiller.Load(masked.Path)).Message, StringComparison.Ordinal);
        using TemporaryFolder whole = TinyEncoders.Folder("bert", "BertForMaskedLM");
        using MaskFiller filler = MaskFiller.Load(whole.Path, Options);
        Assert.Throws<SequenceTooLongException>(() => filler.Fill("[MASK] " + string.Concat(Enumerable.Repeat("a ", 70)))); // 64 positions
    }

    [SkippableFact]
    public void A_model_without_a_tokenizer_is_refused_before_it_is_asked()
    {
        (string Architecture, Action<string> Load)[] facades =
        [
            ("BertForMaskedLM", path => MaskFiller.Load(path)), ("BertForSequenceClassification", path => TextClassifier.Load(path)), ("BertForTokenClassification", path => TextTagger.Load(path)),
        ];
        foreach ((string architecture, Action<string> load) in facades)
        {
            using TemporaryFolder folder = TinyEncoders.Folder("bert", architecture);
            File.Delete(folder["tokenizer.json"]);
            File.Delete(folder["tokenizer_config.json"]);
            Assert.Contains("tokenizer.json", Assert.Throws<InvalidOperationException>(() => load(folder.Path)).Message, StringComparison.Ordinal);
        }
    }

    // A masked language model would learn to say again what it reads, and a classifier has no labels for tokens.
    [SkippableTheory]
    [InlineData("BertForMaskedLM", "MaskedLanguageModel")]
    [InlineData("BertForSequenceClassification", "SequenceClassification")]
    [InlineData("BertForTokenClassification", "TokenClassification")]
    public void Prompts_and_completions_are_refused_and_batches_with_labels_are_not(string architecture, string head)
    {
        using TemporaryFolder folder = TinyEncoders.Folder("bert", architecture);
        using Llm llm = Llm.Load(folder.Path, Options);
        Example[] examples = [new("a b", "c")];
        Assert.Contains(head, Assert.Throws<InvalidOperationException>(() => llm.FineTune(examples)).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => llm.Batches(examples).Count());
        int[] ids = llm.Tokenizer.EncodeIds("a b c");
        Tensor labels = architecture == "BertForSequenceClassification" ? tensor([1L]) : tensor(Array.ConvertAll(ids, _ => 1L), [1, ids.Length]);
        using Batch batch = new(Sequences.FromRows([ids], device: TestDevice.Device), labels: labels.to(TestDevice.Device));
        using Tensor loss = llm.Loss(batch);
        Assert.True(loss.Number() > 0);
    }
}
