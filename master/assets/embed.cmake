# cmake -DFILES=a;b -DTO=assets.cc -P embed.cmake: each file as a raw string literal, by its name.
set(cc "#include \"master/assets/assets.h\"\n\nnamespace sfp::assets {\n\nstd::string_view Asset(std::string_view name) {\n")
foreach(file ${FILES})
  file(READ ${file} text)
  cmake_path(GET file FILENAME name)
  string(APPEND cc "  if (name == \"${name}\") return R\"sfp_file(${text})sfp_file\";\n")
endforeach()
string(APPEND cc "  return {};\n}\n\n}  // namespace sfp::assets\n")
file(WRITE ${TO} "${cc}")
