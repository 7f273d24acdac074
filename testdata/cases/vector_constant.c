// SPDX-License-Identifier: GPL-3.0-or-later
// A vector constant changed in one element.
// expect: changed f
typedef int vector __attribute__((vector_size(16)));
#ifdef NEW
#define THIRD 34
#else
#define THIRD 33
#endif
void f(vector *value)
{
	*value += (vector){11, 22, THIRD, 44};
}
void g(vector *value)
{
	*value += (vector){11, 22, 33, 44};
}
