/* For the preset coverage: a process that ends by _exit, as one that reads apart does, counts its lines too. The linker
 * takes these for _exit (ld --wrap). */
void __real__exit(int code) __attribute__((noreturn));
void __wrap__exit(int code) __attribute__((noreturn));
void __gcov_dump(void); /* GCC's manual, "Profiling and Test Coverage in Freestanding Environments" */

void __wrap__exit(int code)
{
    __gcov_dump();
    __real__exit(code);
}
