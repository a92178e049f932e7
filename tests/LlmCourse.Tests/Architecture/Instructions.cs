using System.Reflection;
using System.Reflection.Emit;

namespace LlmCourse.Tests.Architecture;

/// <summary>Reads the instructions of compiled methods.</summary>
internal static class Instructions
{
    public const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> ByValue = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    /// <summary>All methods and constructors that a type declares.</summary>
    public static IEnumerable<MethodBase> Methods(Type type) => type.GetMethods(Declared).Cast<MethodBase>().Concat(type.GetConstructors(Declared));

    public static IEnumerable<MethodBase> Methods(Assembly assembly) => assembly.GetTypes().SelectMany(Methods);

    /// <summary>The instructions of a method with the type or member each names, if it names one.</summary>
    public static IEnumerable<Instruction> Of(MethodBase method)
    {
        if (method.GetMethodBody()?.GetILAsByteArray() is not { } code)
            yield break;
        Type[] ofType = method.DeclaringType!.GetGenericArguments(), ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : [];
        for (int at = 0; at < code.Length;)
        {
            OpCode operation = code[at] == 0xFE ? ByValue[(short)(0xFE00 | code[at + 1])] : ByValue[code[at]];
            at += operation.Size;
            MemberInfo? member = operation.OperandType is OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineType or OperandType.InlineTok
                ? method.Module.ResolveMember(BitConverter.ToInt32(code, at), ofType, ofMethod)
                : null;
            at += operation.OperandType switch
            {
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(code, at)),
                OperandType.InlineNone => 0,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                _ => 4,
            };
            yield return new Instruction(operation, member);
        }
    }
}
