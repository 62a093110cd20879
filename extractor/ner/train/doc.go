// Package train makes the models of package ner from annotated text: word clusters, word tables
// and the weights of the sequence model. It is run by maintainers, never by the product.
package train
