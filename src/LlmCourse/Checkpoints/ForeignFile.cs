namespace LlmCourse.Checkpoints;

/// <summary>Recognises what people often have in the place of a checkpoint, so that the error can say what to do.</summary>
internal static class ForeignFile
{
    /// <summary>A sentence about the file beginning with <paramref name="head"/>, with a leading blank; empty where nothing is recognised.</summary>
    public static string Hint(ReadOnlySpan<byte> head)
    {
        if (head.IsEmpty)
            return " The file is empty: download it again.";
        if (head.StartsWith("version https://git-lfs"u8))
            return " It is a Git LFS pointer, not the file itself: run 'git lfs pull', or download the file.";
        if (head.StartsWith("GGUF"u8))
            return " It is a GGUF file: load it by its own name, ending in .gguf.";
        if (head.StartsWith("PK\x03\x04"u8) || head.StartsWith(stackalloc byte[] { 0x80, 0x02 }))
            return " It is a PyTorch file: name it pytorch_model.bin, or save the model as safetensors.";
        if (head.TrimStart(" \t\r\n"u8).StartsWith("<"u8))
            return " It is a web page, probably an error message: download the file again.";
        return "";
    }
}
