//go:build open

package ner

// The news models are left out: their corpora's licences do not allow redistribution in every use.
var news, fast []byte
