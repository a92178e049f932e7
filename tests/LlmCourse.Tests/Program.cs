using LlmCourse.Tests.Fuzzing;

return FuzzProcess.Run(args);
