//go:build !open

package ner

import _ "embed"

//go:embed models/news.bin
var news []byte
