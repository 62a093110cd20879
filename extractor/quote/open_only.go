//go:build open

package quote

// news is left out.
const news = ""
