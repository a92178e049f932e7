namespace Lab1.DialogueSummarisation;

/// <summary>What the command line says.</summary>
internal sealed class Settings(Arguments given)
{
    public const string Usage = """
        dotnet run --project samples/Lab1.DialogueSummarisation -c Release -- --model MODEL --data FILE [options]
          --model MODEL         a Hugging Face folder, a hub id (downloaded once), or a .gguf file
          --data FILE           JSONL or CSV with "dialogue" and "summary"
          --example N[,N...]    rows to summarise (40,200); the last is the one for one-shot, few-shot and parameters
          --shots N[,N...]      rows shown as examples (40,80,120); the first is the one of one-shot
          --max-new-tokens N    the longest answer (50)
          --context N           the most tokens of prompt and answer together (what the model was made for)
          --seed N              of sampling (1)
          --threads N           of the processor (all; fewer are quicker on a machine that is busy with other work)
          --tokenizer FOLDER    of a model that has none
          --time                how long it takes from the start of the process to the first token
          --raw                 prompts as they are, also where the model has a chat template

          --score N             instead: ROUGE of zero-, one- and few-shot prompts on N dialogues drawn by the seed, with intervals
          --shot-data FILE      of --score: where worked examples are drawn from (the other dialogues of --data)
          --batch N             of --score: prompts answered together (8)

        A model: with Hugging Face's own tool, "hf download HuggingFaceTB/SmolLM2-135M-Instruct" (small, chats) or
        "hf download google/flan-t5-base" (the course's), then give the same name to --model. Or any Llama-type .gguf file.
        The course's data: "git clone https://github.com/cylnlp/dialogsum", then --data
        dialogsum/DialogSum_Data/dialogsum.test.jsonl (CC BY-NC-SA 4.0).
        """;

    public string Model { get; } = given.Required("--model");

    public string Data { get; } = given.Required("--data");

    public IReadOnlyList<int> Examples { get; } = given.Numbers("--example", 0) ?? [40, 200];

    public IReadOnlyList<int> Shots { get; } = given.Numbers("--shots", 0) ?? [40, 80, 120];

    public int MaxNewTokens { get; } = given.Number("--max-new-tokens") ?? 50;

    public string? Tokenizer { get; } = given.Text("--tokenizer");

    public bool Time { get; } = given.Flag("--time");

    public int? Context { get; } = given.Number("--context");

    public int Seed { get; } = given.Number("--seed", 0) ?? 1;

    public bool Raw { get; } = given.Flag("--raw");

    public int? Score { get; } = given.Number("--score", 2);

    public string? ShotData { get; } = given.Text("--shot-data");

    public int Batch { get; } = given.Number("--batch") ?? 8;
}
