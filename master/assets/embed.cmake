# cmake -DNAMES=a;b -DFROM=folder -DTO=assets.cc -P embed.cmake: each file as a raw string literal.
set(cc "#include \"master/assets/assets.h\"\n\nnamespace sfp::assets {\n\nstd::string_view Asset(std::string_view name) {\n")
foreach(name ${NAMES})
  file(READ ${FROM}/${name} text)
  string(APPEND cc "  if (name == \"${name}\") return R\"sfp_file(${text})sfp_file\";\n")
endforeach()
string(APPEND cc "  return {};\n}\n\n}  // namespace sfp::assets\n")
file(WRITE ${TO} "${cc}")
