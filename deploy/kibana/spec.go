package kibana

// view is a data view over an alias. Fields themselves are not listed: Kibana asks Elasticsearch
// for them.
type view struct {
	// Name is what readers see.
	Name string `yaml:"name"`
	// Links are pages for a field's values; "{links}" stands for Options.Links, "{{value}}" for the
	// value.
	Links map[string]link `yaml:"links"`
	// Runtime are fields that are computed from others as they are asked for.
	Runtime map[string]runtimeField `yaml:"runtime"`
}

type link struct {
	URL   string `yaml:"url"`   // empty: the value is the address
	Label string `yaml:"label"` // empty: the value
}

type runtimeField struct {
	Type   string `yaml:"type"`
	Script string `yaml:"script"`
}

// dashboard is a file of dashboards/.
type dashboard struct {
	Title       string  `yaml:"title"`
	Description string  `yaml:"description"`
	From        string  `yaml:"from"` // the time that is shown at first, until now
	Panels      []panel `yaml:"panels"`
}

// panel is one of a dashboard.
type panel struct {
	Title string `yaml:"title"`
	// At is x, y, width and height on a grid 48 wide.
	At [4]int `yaml:"at,flow"`
	// Chart is how it is drawn: metric, bar, bar_stacked, bar_horizontal, bar_horizontal_stacked, line, donut, heatmap, table,
	// markdown or vega.
	Chart string `yaml:"chart"`
	// View is the name of the data view.
	View string `yaml:"view"`
	// Filter is a query in Kibana's language that its documents match.
	Filter string `yaml:"filter"`
	// Unfiltered has it shown whatever a reader has filtered by: what it counts has no such fields.
	Unfiltered bool `yaml:"unfiltered"`
	// Rows are the buckets, the outermost first; the second splits a chart by colour.
	Rows   []row   `yaml:"rows"`
	Values []value `yaml:"values"`
	// Drill leads from a value that is clicked to other dashboards, filtered by it.
	Drill []drill `yaml:"drill"`
	// Markdown is the text of such a panel.
	Markdown string `yaml:"markdown"`
	// Vega names a specification, dashboards/NAME.vl.json, in which "{field}" stands for Field and
	// "{prefix}" for Options.Prefix.
	Vega  string `yaml:"vega"`
	Field string `yaml:"field"`
}

// row is a bucket.
type row struct {
	// By is time, terms or filters.
	By    string `yaml:"by"`
	Label string `yaml:"label"`
	Field string `yaml:"field"`
	// Type is that of the field where it is no string: number or date.
	Type string `yaml:"type"`
	// Size is the most terms.
	Size int `yaml:"size"`
	// Order is the label of the value that terms are ordered by, greatest first. Default: the first.
	// "alphabetical" orders by the term.
	Order string `yaml:"order"`
	// Least puts the least first, or what has no such value.
	Least bool `yaml:"least"`
	// Other shows what is in none of the terms.
	Other bool `yaml:"other"`
	// Interval is of a histogram over time. Default: auto. A field that is not the view's own time is
	// shown whatever time is chosen, and needs one.
	Interval string `yaml:"interval"`
	// Filters are the buckets of filters.
	Filters []filter `yaml:"filters"`
	// Hidden keeps a table's column from being shown.
	Hidden bool `yaml:"hidden"`
}

// filter is a bucket of its own. Its query is Lucene's, for Kibana's language makes two of a range
// with two ends, which two different dates of one article may meet.
type filter struct {
	Label string `yaml:"label"`
	Query string `yaml:"query"`
}

// value is a number, or in a table any single value, of a bucket.
type value struct {
	// Op is count, unique_count, sum, average, min, max or last_value.
	Op    string `yaml:"op"`
	Label string `yaml:"label"`
	Field string `yaml:"field"`
	Type  string `yaml:"type"` // as in row; numbers are the default but for last_value
	// Filter counts only documents that match.
	Filter string `yaml:"filter"`
}

type drill struct {
	To    string `yaml:"to"`
	Label string `yaml:"label"`
}
