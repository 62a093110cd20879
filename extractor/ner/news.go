//go:build !open

package ner

import _ "embed"

//go:embed models/news.conv
var news []byte

//go:embed models/fast.bin
var fast []byte
