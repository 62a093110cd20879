//go:build open

package ner

// The news model is left out: its corpora's licences do not allow redistribution in every use.
var news []byte
