namespace Lab1.DialogueSummarisation;

/// <summary>A conversation and what a person made of it.</summary>
internal sealed record Dialogue(string Text, string Summary);
