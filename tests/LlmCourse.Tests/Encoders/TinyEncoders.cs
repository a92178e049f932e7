using System.Text.Json;
using System.Text.Json.Nodes;
using LlmCourse.Checkpoints;
using LlmCourse.Tests.Checkpoints;

namespace LlmCourse.Tests.Encoders;

/// <summary>Folders of tiny random encoders with a WordPiece tokenizer, as transformers and sentence-transformers lay them out.</summary>
internal static class TinyEncoders
{
    public const string Tokenizer = """
        {
          "added_tokens": [
            {"id": 0, "content": "[PAD]", "special": true}, {"id": 1, "content": "[UNK]", "special": true},
            {"id": 2, "content": "[CLS]", "special": true}, {"id": 3, "content": "[SEP]", "special": true}, {"id": 4, "content": "[MASK]", "special": true}],
          "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": false},
          "pre_tokenizer": {"type": "BertPreTokenizer"},
          "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
          "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
          "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 20,
            "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "a": 5, "b": 6, "c": 7, "##a": 8, "##b": 9, "##c": 10, ":": 11, "A": 12, "." : 13}}
        }
        """;

    /// <summary>A folder with weights; of a sentence encoder without modules.json.</summary>
    /// <param name="family">One of <see cref="TinyFamilies.Encoders"/>.</param>
    /// <param name="architecture">The head.</param>
    /// <param name="changes">Other entries of config.json.</param>
    public static TemporaryFolder Folder(string family, string architecture, string changes = "{}")
    {
        TemporaryFolder folder = new();
        JsonObject config = JsonSerializer.SerializeToNode(TinyFamilies.Config(family))!.AsObject();
        config["architectures"] = new JsonArray(architecture);
        foreach ((string key, JsonNode? value) in JsonNode.Parse(changes)!.AsObject())
            config[key] = value?.DeepClone();
        using (Pretrained model = Pretrained.FromConfig(JsonSerializer.SerializeToElement(config), seed: 3))
            model.Write(folder.Path, long.MaxValue);
        File.WriteAllText(folder["tokenizer.json"], Tokenizer);
        File.WriteAllText(folder["tokenizer_config.json"], """{"mask_token":"[MASK]","pad_token":"[PAD]","model_max_length":40}""");
        return folder;
    }

    /// <summary>The same as a folder of sentence-transformers.</summary>
    /// <param name="pooling">The settings of its pooling.</param>
    /// <param name="modules">The types of the modules behind it.</param>
    public static TemporaryFolder Sentences(string pooling = """{"pooling_mode_mean_tokens":true}""", params string[] modules)
    {
        TemporaryFolder folder = Folder("bert", "BertModel");
        string[] types = ["Transformer", "Pooling", .. modules];
        File.WriteAllText(folder["modules.json"], JsonSerializer.Serialize(types.Select((type, i) => new { idx = i, name = $"{i}", path = i == 0 ? "" : $"{i}_{type}", type = "sentence_transformers.models." + type })));
        Directory.CreateDirectory(folder["1_Pooling"]);
        File.WriteAllText(folder["1_Pooling/config.json"], pooling);
        return folder;
    }
}
