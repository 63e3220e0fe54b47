#include "train/binding.h"

void binding_add(Binding *binding, const cpu_set_t *own)
{
    cpu_set_t both;
    CPU_AND(&both, &binding->all, own);
    binding->overlap = binding->overlap || CPU_COUNT(&both) > 0;
    CPU_OR(&binding->all, &binding->all, own);
    binding->ranks++;
}

void binding_count_free(Binding *binding, const cpu_set_t *own)
{
    binding->free += 2 * CPU_COUNT(own) > CPU_COUNT(&binding->all);
}

BindingKind binding_judge(const Binding *binding)
{
    if (binding->ranks > (size_t)CPU_COUNT(&binding->all)) return BINDING_CROWDED;
    if (binding->ranks > 1 && binding->free == binding->ranks) return BINDING_NONE;
    return binding->overlap ? BINDING_OVERLAP : BINDING_GOOD;
}
