/*
 * knowledge.h - what a template can be seen to use without running it
 */
#ifndef POSTRIDER_TEMPLATE_KNOWLEDGE_H
#define POSTRIDER_TEMPLATE_KNOWLEDGE_H

#include "template/template.h"
#include "template/syntax/tree.h"

/* Everything of it is in the arena. */
const struct template_knowledge *knowledge_gather(const struct tree *tree, struct arena *arena);

#endif
