# Turns rules/traits.rules into C: one array of words for each kind (mda/bounce/trait.c).
# awk -f embed-traits.awk FILE
BEGIN {
    print "// Made from rules/traits.rules by rules/embed-traits.awk. Do not edit."
    print "#include \"bounce/trait-list.h\""
    kinds = "writer header type subject machine-header machine-writer machine-program person-program"
}
/^[ \t]*(#|\[|$)/ || /^comment/ { next }
{
    key = $0
    sub(/[ \t]*(\[[^]]*\])?[ \t]*=.*/, "", key)
    value = $0
    sub(/^[^=]*=[ \t]*/, "", value)
    sub(/[ \t]*$/, "", value)
    if (index(" " kinds " ", " " key " ") == 0) {
        print FILENAME ":" FNR ": unknown key \"" key "\"" >"/dev/stderr"
        failed = 1
        exit 1
    }
    gsub(/\\/, "&&", value)
    gsub(/"/, "\\\"", value)
    n = split(value, words, / \| /)
    for (i = 1; i <= n; i++)
        list[key] = list[key] "    \"" words[i] "\",\n"
}
END {
    if (failed)
        exit 1
    n = split(kinds, names, " ")
    for (i = 1; i <= n; i++) {
        name = names[i]
        gsub(/-/, "_", name)
        print "\nstatic const char *const " name "_words[] = {\n" list[names[i]] "};"
        table = table "    {" name "_words, G_N_ELEMENTS(" name "_words)},\n"
    }
    print "\n// In the order of enum trait_list.\nconst struct trait_words builtin_traits[] = {\n" table "};"
}
