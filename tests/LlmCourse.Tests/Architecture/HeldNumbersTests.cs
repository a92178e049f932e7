using System.Reflection;
using System.Reflection.Emit;
using TorchSharp;

namespace LlmCourse.Tests.Architecture;

/// <summary>
/// No number reaches libtorch in a native object that a collection on another thread may free during the call (see
/// LlmCourse.Runtime.Arithmetic): the library calls nothing of TorchSharp that makes such an object itself, and every one it
/// makes goes into a variable first.
/// </summary>
public sealed class HeldNumbersTests
{
    [Fact]
    public void The_library_holds_every_number()
    {
        HashSet<MethodBase> careless = [.. Instructions.Methods(typeof(torch).Assembly).Where(method => !Makes(method) && Instructions.Of(method).Any(instruction => Makes(instruction.Member)))];
        Assert.Contains(careless, method => method.Name == "add"); // x.add(y)
        Assert.Contains(careless, method => method.Name == "vector_norm"); // order.ToScalar()
        List<string> wrong = [];
        foreach (MethodBase method in Instructions.Methods(typeof(Llm).Assembly))
        {
            Instruction[] code = [.. Instructions.Of(method)];
            for (int i = 0; i < code.Length; i++)
            {
                if (code[i].Member is MethodBase called && (careless.Contains(called) || (Makes(called) && !IsStore(code[i + 1].Operation))))
                    wrong.Add($"{method.DeclaringType}.{method.Name} calls {called.DeclaringType?.Name}.{called}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join("\n", wrong.Distinct()));
    }

    private static bool Makes(MemberInfo? member) => member switch
    {
        ConstructorInfo constructor => constructor.DeclaringType == typeof(Scalar),
        MethodInfo method => method.ReturnType == typeof(Scalar) && method.Name is "op_Implicit" or nameof(ScalarExtensionMethods.ToScalar),
        _ => false,
    };

    private static bool IsStore(OpCode operation) => operation.Name!.StartsWith("stloc", StringComparison.Ordinal) || operation == OpCodes.Stsfld || operation == OpCodes.Stfld;
}
