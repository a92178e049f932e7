namespace Chat;

/// <summary>What the command line says.</summary>
internal sealed class Settings(Arguments given)
{
    public const string Usage = """
        dotnet run --project samples/Chat -c Release [-- options]
        A conversation in the console, with a small model that learns first or with one of yours.
          --model MODEL     a Hugging Face folder, a hub id or a .gguf file, with a chat template (the small one)
          --base FOLDER     keeps the small model there, and takes it from there the next time
          --system TEXT     what the model is told before the first message
          --figures         behind each answer how much was read and written, and how fast
          --seed N          of the small model's weights and lessons (1)
          --threads N       of the processor (all)

        Messages may come from a file: dotnet run --project samples/Chat -c Release < messages.txt
        """;

    public string? Model { get; } = given.Text("--model");

    public string? Base { get; } = given.Text("--base");

    public string? System { get; } = given.Text("--system");

    public bool Figures { get; } = given.Flag("--figures");

    public int Seed { get; } = given.Number("--seed", 0) ?? 1;
}
