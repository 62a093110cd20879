package train

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/datelinenews/dateline/extractor/lexicon"
	"github.com/datelinenews/dateline/extractor/ner/internal/feature"
	"github.com/datelinenews/dateline/extractor/text"
)

// list says how a word list is read.
type list struct {
	file string
	// flags are the lists of package feature that the names go to; columns are where they stand.
	flags   uint64
	columns []int
	// first is how many lines count, 0 for all: lists of surnames are sorted by frequency.
	first int
}

var lists = []list{
	{file: "countries_pddl.tsv", flags: feature.Country, columns: []int{0, 1}},
	{file: "countries_pddl.tsv", flags: feature.City, columns: []int{4}},
	{file: "territories_rigour_mit.tsv", flags: feature.Territory, columns: []int{0}},
	{file: "admin1_geonames_ccby.tsv", flags: feature.Region, columns: []int{0}},
	{file: "corpora_us_counties_cc0.tsv", flags: feature.Region, columns: []int{0}},
	{file: "cities_geonames_ccby4.tsv", flags: feature.City, columns: []int{0}},
	{file: "cities_geonames_ccby4.tsv", flags: feature.Region, columns: []int{2}},
	{file: "corpora_english_towns_cc0.tsv", flags: feature.City, columns: []int{0}},
	{file: "corpora_us_cities_cc0.tsv", flags: feature.City, columns: []int{0}},
	{file: "corpora_oceans_cc0.tsv", flags: feature.Water, columns: []int{0}},
	{file: "corpora_rivers_cc0.tsv", flags: feature.Water, columns: []int{0}},
	{file: "sp500_pddl.tsv", flags: feature.Company, columns: []int{1}},
	{file: "corpora_fortune500_cc0.tsv", flags: feature.Company, columns: []int{0}},
	{file: "corpora_nasdaq_cc0.tsv", flags: feature.Company, columns: []int{0}},
	{file: "corpora_djia_cc0.tsv", flags: feature.Company, columns: []int{0}},
	{file: "corpora_charities_cc0.tsv", flags: feature.Body, columns: []int{0}},
	{file: "corpora_designated_groups_cc0.tsv", flags: feature.Body, columns: []int{0}},
	{file: "corpora_newspapers_cc0.tsv", flags: feature.Body, columns: []int{0}},
	{file: "corpora_uk_political_parties_cc0.tsv", flags: feature.Body, columns: []int{0}},
	{file: "corpora_us_federal_agencies_cc0.tsv", flags: feature.Body, columns: []int{0}},
	{file: "us_committees_cc0.tsv", flags: feature.Body, columns: []int{0}},
	{file: "us_congress_current_cc0.tsv", flags: feature.Notable, columns: []int{0}},
	{file: "us_executive_cc0.tsv", flags: feature.Notable, columns: []int{0}},
	{file: "corpora_celebrities_cc0.tsv", flags: feature.Notable, columns: []int{0}},
	{file: "corpora_richpeople_cc0.tsv", flags: feature.Notable, columns: []int{0}},
	{file: "us_census1990_male_pd.tsv", flags: feature.Forename, columns: []int{0}},
	{file: "us_census1990_female_pd.tsv", flags: feature.Forename, columns: []int{0}, first: 2500},
	{file: "forenames_by_country_cc0.tsv", flags: feature.Forename, columns: []int{0}},
	{file: "first_names_all_unlicense.tsv", flags: feature.RareForename, columns: []int{0}},
	{file: "us_census1990_surnames_pd.tsv", flags: feature.Surname, columns: []int{0}, first: 8000},
	{file: "surnames_by_country_cc0.tsv", flags: feature.Surname, columns: []int{0}},
	{file: "us_census1990_surnames_pd.tsv", flags: feature.RareSurname, columns: []int{0}},
	{file: "surnames_all_unlicense.tsv", flags: feature.RareSurname, columns: []int{0}},
	{file: "corpora_honorifics_cc0.tsv", flags: feature.Title, columns: []int{0}},
	{file: "corpora_occupations_cc0.tsv", flags: feature.Occupation, columns: []int{0}},
	{file: "nationalities_cc0.tsv", flags: feature.Nationality, columns: []int{0}},
	{file: "company_suffixes_cleanco_mit.tsv", flags: feature.CompanySuffix, columns: []int{0}},
}

// Words lays out the word tables that all models share: the clusters that Clusters wrote and the
// word lists of the folder dir. The first vocabulary clusters are kept.
func Words(clusters io.Reader, dir string, vocabulary int) ([]byte, error) {
	parser, err := text.NewParser()
	if err != nil {
		return nil, fmt.Errorf("make word tables: %w", err)
	}
	var keys, values []uint64
	s := bufio.NewScanner(clusters)
	for s.Scan() && len(keys) < vocabulary {
		p := strings.Split(s.Text(), "\t")
		if len(p) != 1+len(clusterSizes) {
			return nil, fmt.Errorf("make word tables: line %d of the clusters has %d columns", len(keys)+1, len(p))
		}
		var v uint64
		for i, size := range clusterSizes {
			c, err := strconv.Atoi(p[1+i])
			if err != nil || c >= size {
				return nil, fmt.Errorf("make word tables: line %d of the clusters: bad cluster %q", len(keys)+1, p[1+i])
			}
			v = v*uint64(size) + uint64(c)
		}
		keys, values = append(keys, feature.Hash(p[0])), append(values, v)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("make word tables: read clusters: %w", err)
	}
	clusterTable := feature.BuildTable(keys, values, feature.ClusterBits)

	flags := map[uint64]uint64{}
	for _, l := range lists {
		n := 0
		err := readLines(filepath.Join(dir, l.file), func(columns []string) {
			if n++; l.first > 0 && n > l.first {
				return
			}
			for _, c := range l.columns {
				if c < len(columns) {
					addPhrase(flags, parser, columns[c], l.flags)
				}
			}
		})
		if err != nil {
			return nil, fmt.Errorf("make word tables: %w", err)
		}
	}
	for _, name := range lexicon.FormerStates() {
		addPhrase(flags, parser, name, feature.Country)
	}
	keys, values = keys[:0], values[:0]
	for k := range flags {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		values = append(values, flags[k])
	}
	return feature.Marshal(clusterTable, feature.BuildShortTable(keys, values)), nil
}

// addPhrase files a name under its words and marks what it begins with.
func addPhrase(flags map[uint64]uint64, parser *text.Parser, name string, f uint64) {
	name = strings.TrimPrefix(strings.TrimSpace(name), "the ")
	for _, r := range name {
		if unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) {
			return
		}
	}
	var words []string
	for _, t := range parser.Parse(name, 0).Tokens {
		words = append(words, t.Text)
	}
	const longest = 8
	if len(words) == 0 || len(words) > longest || len(name) < 2 {
		return
	}
	for n := 1; n < len(words); n++ {
		flags[feature.Phrase(words[:n])] |= feature.Prefix
	}
	flags[feature.Phrase(words)] |= f
}
