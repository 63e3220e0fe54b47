/* Lines of tables for people, which training and its check both print. */
#ifndef LOCKSTEP_TRAIN_SUMMARY_H
#define LOCKSTEP_TRAIN_SUMMARY_H

#include "model/network.h"

enum { SUMMARY_LINE_SIZE = 128 };

/* The layers, one a line under a head, without newlines. */
extern const char summary_layer_head[];
void summary_layer(const Network *network, size_t i, char line[SUMMARY_LINE_SIZE]);

/* The rank that takes the most, and how much. */
void summary_memory(size_t bytes, size_t rank, char line[SUMMARY_LINE_SIZE]);

#endif
