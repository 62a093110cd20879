//go:build !open

package quote

import _ "embed"

//go:embed data/news.tsv
var news string
