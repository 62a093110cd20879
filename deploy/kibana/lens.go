package kibana

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// builder makes saved objects of the files.
type builder struct {
	options Options
	views   map[string]view
}

func (b *builder) id(name string) string { return b.options.Prefix + "-" + name }

// fill puts in what depends on the options.
func (b *builder) fill(s string) string {
	return strings.NewReplacer("{prefix}", b.options.Prefix, "{links}", b.options.Links).Replace(s)
}

func (b *builder) view(name string) (Object, error) {
	v, ok := b.views[name]
	if !ok {
		return Object{}, fmt.Errorf("views.yaml lacks %s", name)
	}
	formats := map[string]any{}
	for field, l := range v.Links {
		params := map[string]any{"type": "a", "openLinkInCurrentTab": false}
		if l.URL != "" {
			params["urlTemplate"] = b.fill(l.URL)
		}
		if l.Label != "" {
			params["labelTemplate"] = l.Label
		}
		formats[field] = map[string]any{"id": "url", "params": params}
	}
	runtime := map[string]any{}
	for field, r := range v.Runtime {
		runtime[field] = map[string]any{"type": r.Type, "script": map[string]any{"source": r.Script}}
	}
	title := v.Name
	if b.options.Prefix != DefaultPrefix {
		title += " (" + b.options.Prefix + ")"
	}
	return Object{
		Type: "index-pattern", ID: b.id(name), References: []Reference{},
		Attributes: map[string]any{
			"title": b.id(name), "name": title, "timeFieldName": "@timestamp", "allowNoIndex": true,
			"fields": "[]", "sourceFilters": "[]", "fieldAttrs": "{}", "typeMeta": "{}",
			"fieldFormatMap": text(formats), "runtimeFieldMap": text(runtime),
		},
		CoreMigrationVersion: CoreVersion, TypeMigrationVersion: viewVersion,
	}, nil
}

var noQuery = map[string]any{"query": "", "language": "kuery"}

func (b *builder) dashboard(name string, d *dashboard) (Object, error) {
	obj := Object{Type: "dashboard", ID: b.id(name), References: []Reference{}, CoreMigrationVersion: CoreVersion, TypeMigrationVersion: dashboardVersion}
	title := d.Title
	if b.options.Prefix != DefaultPrefix {
		title += " (" + b.options.Prefix + ")"
	}
	panels := []any{}
	for i := range d.Panels {
		p, refs, err := b.panel(&d.Panels[i])
		if err != nil {
			return Object{}, fmt.Errorf("panel %q: %w", d.Panels[i].Title, err)
		}
		panels = append(panels, p)
		obj.References = append(obj.References, refs...)
	}
	// Every document has the source, so one control serves all panels.
	control := map[string]any{"source": map[string]any{
		"type": "optionsListControl", "order": 0, "grow": true, "width": "medium",
		"explicitInput": map[string]any{"id": "source", "fieldName": "article.source", "title": "Source", "enhancements": map[string]any{}},
	}}
	obj.References = append(obj.References, Reference{"index-pattern", b.id("articles"), "controlGroup_source:optionsListDataView"})
	obj.Attributes = map[string]any{
		"title": title, "description": d.Description, "version": 1,
		"timeRestore": true, "timeFrom": d.From, "timeTo": "now", "refreshInterval": map[string]any{"pause": true, "value": 60000},
		"panelsJSON":            text(panels),
		"optionsJSON":           text(map[string]any{"useMargins": true, "syncColors": false, "syncCursor": true, "syncTooltips": false, "hidePanelTitles": false}),
		"kibanaSavedObjectMeta": map[string]any{"searchSourceJSON": text(map[string]any{"query": noQuery, "filter": []any{}})},
		"controlGroupInput": map[string]any{
			"chainingSystem": "HIERARCHICAL", "controlStyle": "oneLine", "panelsJSON": text(control),
			"ignoreParentSettingsJSON": text(map[string]any{"ignoreFilters": false, "ignoreQuery": false, "ignoreTimerange": false, "ignoreValidations": false}),
		},
	}
	return obj, nil
}

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

func slug(s string) string {
	return strings.Trim(notSlug.ReplaceAllString(strings.ToLower(s), "-"), "-")
}

func (b *builder) panel(p *panel) (any, []Reference, error) {
	index := slug(p.Title)
	events := []any{}
	refs := []Reference{}
	for _, d := range p.Drill {
		id := index + "-" + d.To
		events = append(events, map[string]any{
			"eventId": id, "triggers": []any{"FILTER_TRIGGER"},
			"action": map[string]any{
				"factoryId": "DASHBOARD_TO_DASHBOARD_DRILLDOWN", "name": d.Label,
				"config": map[string]any{"useCurrentFilters": true, "useCurrentDateRange": true, "openInNewTab": false},
			},
		})
		refs = append(refs, Reference{"dashboard", b.id(d.To), index + ":drilldown:DASHBOARD_TO_DASHBOARD_DRILLDOWN:" + id + ":dashboardId"})
	}
	config := map[string]any{"enhancements": map[string]any{}, "hidePanelTitles": false}
	if len(events) > 0 {
		config["enhancements"] = map[string]any{"dynamicActions": map[string]any{"events": events}}
	}
	kind := "lens"
	switch p.Chart {
	case "markdown", "vega":
		kind = "visualization"
		vis, err := b.savedVis(p)
		if err != nil {
			return nil, nil, err
		}
		config["savedVis"] = vis
	default:
		attributes, inner, err := b.lens(p)
		if err != nil {
			return nil, nil, err
		}
		config["attributes"] = attributes
		for _, r := range inner {
			refs = append(refs, Reference{r.Type, r.ID, index + ":" + r.Name})
		}
	}
	return map[string]any{
		"version": panelVersion, "type": kind, "panelIndex": index, "title": p.Title, "embeddableConfig": config,
		"gridData": map[string]any{"x": p.At[0], "y": p.At[1], "w": p.At[2], "h": p.At[3], "i": index},
	}, refs, nil
}

// savedVis is a panel of the kind that was before Lens.
func (b *builder) savedVis(p *panel) (any, error) {
	params := map[string]any{"fontSize": 12, "openLinksInNewTab": false, "markdown": strings.TrimSpace(b.fill(p.Markdown))}
	if p.Chart == "vega" {
		raw, err := sources.ReadFile("dashboards/" + p.Vega + ".vl.json")
		if err != nil {
			return nil, err
		}
		spec := strings.ReplaceAll(b.fill(string(raw)), "{field}", p.Field)
		if !json.Valid([]byte(spec)) {
			return nil, fmt.Errorf("%s.vl.json is no JSON", p.Vega)
		}
		params = map[string]any{"spec": strings.TrimSpace(spec)}
	}
	return map[string]any{
		"id": "", "title": p.Title, "description": "", "type": p.Chart, "params": params, "uiState": map[string]any{},
		"data": map[string]any{"aggs": []any{}, "searchSource": map[string]any{"query": noQuery, "filter": []any{}}},
	}, nil
}

// layer is the name of the one layer that each of our Lens panels has.
const layer = "layer"

// lens makes a Lens panel's attributes.
func (b *builder) lens(p *panel) (any, []Reference, error) {
	if _, ok := b.views[p.View]; !ok {
		return nil, nil, fmt.Errorf("there is no view %q", p.View)
	}
	if len(p.Values) == 0 {
		return nil, nil, fmt.Errorf("it has no values")
	}
	columns, order := map[string]any{}, []string{}
	var rows, values []string
	for i := range p.Rows {
		rows = append(rows, fmt.Sprintf("row%d", i))
	}
	for i := range p.Values {
		values = append(values, fmt.Sprintf("value%d", i))
	}
	for i := range p.Rows {
		c, err := rowColumn(p, &p.Rows[i], values)
		if err != nil {
			return nil, nil, err
		}
		columns[rows[i]] = c
		order = append(order, rows[i])
	}
	for i := range p.Values {
		c, err := valueColumn(&p.Values[i])
		if err != nil {
			return nil, nil, err
		}
		columns[values[i]] = c
		order = append(order, values[i])
	}
	vis, state, err := visualisation(p, rows, values)
	if err != nil {
		return nil, nil, err
	}
	refs := []Reference{{"index-pattern", b.id(p.View), "indexpattern-datasource-layer-" + layer}}
	return map[string]any{
		"title": "", "description": "", "type": "lens", "visualizationType": vis, "references": refs,
		"state": map[string]any{
			"visualization": state, "query": map[string]any{"query": p.Filter, "language": "kuery"}, "filters": []any{},
			"datasourceStates": map[string]any{"formBased": map[string]any{"layers": map[string]any{layer: map[string]any{
				"columns": columns, "columnOrder": order, "incompleteColumns": map[string]any{}, "sampling": 1, "ignoreGlobalFilters": p.Unfiltered,
			}}}},
			"internalReferences": []any{}, "adHocDataViews": map[string]any{},
		},
	}, refs, nil
}

// rowColumn is a bucket as Lens has it.
func rowColumn(p *panel, r *row, values []string) (map[string]any, error) {
	c := map[string]any{"label": r.Label, "customLabel": r.Label != "", "isBucketed": true, "dataType": "string", "scale": "ordinal"}
	if r.Type != "" {
		c["dataType"] = r.Type
	}
	if r.Field != "" {
		c["sourceField"] = r.Field
		if r.Label == "" {
			c["label"] = r.Field
		}
	}
	switch r.By {
	case "time":
		field, interval := r.Field, r.Interval
		if field == "" {
			field = "@timestamp"
		}
		if interval == "" {
			interval = "auto"
		}
		own := field == "@timestamp"
		if !own && interval == "auto" {
			return nil, fmt.Errorf("the histogram of %s needs an interval", field)
		}
		c["operationType"], c["dataType"], c["scale"], c["sourceField"] = "date_histogram", "date", "interval", field
		params := map[string]any{"interval": interval, "includeEmptyRows": own, "dropPartials": false}
		if !own {
			params["ignoreTimeRange"] = true // else only the chosen time would be shown
		}
		c["params"] = params
		if r.Label == "" {
			c["label"] = field
		}
	case "terms":
		orderBy, direction := map[string]any{"type": "column", "columnId": values[0]}, "desc"
		switch {
		case r.Order == "alphabetical":
			orderBy, direction = map[string]any{"type": "alphabetical"}, "asc"
		case r.Order != "":
			found := false
			for i := range p.Values {
				if p.Values[i].Label == r.Order {
					orderBy["columnId"], found = values[i], true
				}
			}
			if !found {
				return nil, fmt.Errorf("it has no value %q to order by", r.Order)
			}
		}
		if r.Least {
			direction = "asc"
		}
		c["operationType"] = "terms"
		c["params"] = map[string]any{
			"size": r.Size, "orderBy": orderBy, "orderDirection": direction, "otherBucket": r.Other, "missingBucket": false,
			"parentFormat": map[string]any{"id": "terms"}, "include": []any{}, "exclude": []any{}, "includeIsRegex": false, "excludeIsRegex": false,
			"accuracyMode": true,
		}
	case "filters":
		list := []any{}
		for _, f := range r.Filters {
			list = append(list, map[string]any{"label": f.Label, "input": map[string]any{"query": f.Query, "language": "lucene"}})
		}
		c["operationType"], c["params"] = "filters", map[string]any{"filters": list}
	default:
		return nil, fmt.Errorf("there are no rows by %q", r.By)
	}
	return c, nil
}

// valueColumn is a metric as Lens has it.
func valueColumn(v *value) (map[string]any, error) {
	c := map[string]any{
		"label": v.Label, "customLabel": true, "isBucketed": false, "dataType": "number", "scale": "ratio",
		"operationType": v.Op, "sourceField": v.Field, "params": map[string]any{"emptyAsNull": false},
	}
	if v.Type != "" {
		c["dataType"] = v.Type
	}
	if v.Filter != "" {
		c["filter"] = map[string]any{"query": v.Filter, "language": "kuery"}
	}
	switch v.Op {
	case "count":
		c["sourceField"] = "___records___"
	case "unique_count", "sum":
	case "average", "min", "max":
		delete(c["params"].(map[string]any), "emptyAsNull")
	case "last_value":
		// With array values Lens asks for top_hits, which also the free-standing server has.
		c["scale"], c["params"] = "ordinal", map[string]any{"sortField": "@timestamp", "showArrayValues": true}
		if v.Type == "" {
			c["dataType"] = "string"
		}
	default:
		return nil, fmt.Errorf("there is no value %q", v.Op)
	}
	if v.Op != "count" && v.Field == "" {
		return nil, fmt.Errorf("value %q has no field", v.Label)
	}
	return c, nil
}

// visualisation says how the columns are drawn.
func visualisation(p *panel, rows, values []string) (kind string, state map[string]any, err error) {
	want := func(min, max int) error {
		if len(rows) < min || len(rows) > max {
			return fmt.Errorf("%s takes %d to %d rows, not %d", p.Chart, min, max, len(rows))
		}
		return nil
	}
	switch p.Chart {
	case "metric":
		return "lnsMetric", map[string]any{"layerId": layer, "layerType": "data", "metricAccessor": values[0]}, want(0, 0)
	case "bar", "bar_stacked", "bar_horizontal", "bar_horizontal_stacked", "line":
		l := map[string]any{"layerId": layer, "layerType": "data", "seriesType": p.Chart, "accessors": values, "xAccessor": "row0", "position": "top", "showGridlines": false}
		if len(rows) > 1 {
			l["splitAccessor"] = "row1"
		}
		return "lnsXY", map[string]any{
			"preferredSeriesType": p.Chart, "layers": []any{l}, "valueLabels": "hide", "fittingFunction": "Zero",
			"legend":                       map[string]any{"isVisible": true, "position": "right"},
			"axisTitlesVisibilitySettings": map[string]any{"x": false, "yLeft": false, "yRight": true},
			"tickLabelsVisibilitySettings": map[string]any{"x": true, "yLeft": true, "yRight": true},
			"gridlinesVisibilitySettings":  map[string]any{"x": false, "yLeft": true, "yRight": true},
			"labelsOrientation":            map[string]any{"x": 0, "yLeft": 0, "yRight": 0},
		}, want(1, 2)
	case "donut":
		return "lnsPie", map[string]any{"shape": "donut", "layers": []any{map[string]any{
			"layerId": layer, "layerType": "data", "primaryGroups": rows, "metrics": values,
			"numberDisplay": "percent", "categoryDisplay": "default", "legendDisplay": "default", "nestedLegend": false,
		}}}, want(1, 2)
	case "heatmap":
		return "lnsHeatmap", map[string]any{
			"shape": "heatmap", "layerId": layer, "layerType": "data", "xAccessor": rows[len(rows)-1], "yAccessor": "row0", "valueAccessor": values[0],
			"legend": map[string]any{"isVisible": true, "position": "right", "type": "heatmap_legend"},
			"gridConfig": map[string]any{
				"type": "heatmap_grid", "isCellLabelVisible": true, "isYAxisLabelVisible": true, "isXAxisLabelVisible": true,
				"isYAxisTitleVisible": false, "isXAxisTitleVisible": false,
			},
		}, want(2, 2)
	case "table":
		columns := []any{}
		for i, id := range rows {
			columns = append(columns, map[string]any{"columnId": id, "isTransposed": false, "isMetric": false, "hidden": p.Rows[i].Hidden})
		}
		for _, id := range values {
			columns = append(columns, map[string]any{"columnId": id, "isTransposed": false, "isMetric": true})
		}
		return "lnsDatatable", map[string]any{
			"layerId": layer, "layerType": "data", "columns": columns, "rowHeight": "auto", "headerRowHeight": "single",
			"paging": map[string]any{"enabled": true, "size": 10},
		}, want(1, 3)
	}
	return "", nil, fmt.Errorf("there is no chart %q", p.Chart)
}
