require ["editheader", "encoded-character", "variables"];
set "a" "a${hex:00}b";
addheader "X-A" "${a}";
