using System.Reflection;
using System.Reflection.Emit;

namespace LlmCourse.Tests.Architecture;

/// <summary>One instruction, and the type or member it names.</summary>
internal readonly record struct Instruction(OpCode Operation, MemberInfo? Member);
